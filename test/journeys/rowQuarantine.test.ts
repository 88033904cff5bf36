import { afterEach, expect, test } from 'vitest';
import { decideAside, listAside, readAside } from '../../src/cli/quarantine.js';
import { auditDataset, type AuditedObject } from '../../src/workers/maintain/audit.js';
import { expectBalanced } from '../support/accounts.js';
import { openPipeline, type Pipeline } from '../support/pipeline.js';

let pipeline: Pipeline;

afterEach(() => pipeline.close());

const orders = `  orders:
    source: { prefix: raw/orders/ }
    batch: { maxWait: 0s }
    onBadRow: row
    load: [{ target: warehouse, table: orders }]
`;

const anybody = { by: 'ann', why: 'a test' };

const list = () => listAside(pipeline.services.ledger, { dataset: undefined, limit: 100 });

async function rows(): Promise<readonly unknown[]> {
  const found = await pipeline.query('SELECT id, amount FROM orders ORDER BY id, amount');
  return found.map(({ id, amount }) => [Number(id), Number(amount)]);
}

async function accounts(): Promise<readonly AuditedObject[]> {
  const { services, config } = pipeline;
  const load = config.datasets[0]!.load.map(({ target, table }) => ({ target, table }));
  const request = { ledger: services.ledger.read, warehouse: services.warehouse, dataset: 'orders', loads: load };
  const objects: AuditedObject[] = [];
  for await (const page of auditDataset(request)) objects.push(...page);
  return objects;
}

test('bad rows are set aside with their text, counted, and sent again once after the schema was mended', async () => {
  pipeline = await openPipeline({ datasets: orders });
  await pipeline.query('CREATE TABLE orders (id bigint, amount numeric)');
  await pipeline.put('raw/orders/a.csv', 'id,amount\n1,10\n');
  await pipeline.settled(1);
  await pipeline.put('raw/orders/b.csv', 'id,amount\n2,20\n3,1.5\n4,x,y\n5,50\n6,60\n');
  await pipeline.settled(2);
  expect(await rows()).toEqual([
    [1, 10],
    [2, 20],
    [5, 50],
    [6, 60],
  ]);
  const b = (await accounts()).find(({ uri }) => uri.endsWith('b.csv'));
  expect(b).toMatchObject({ rowsIn: 5, rowsQuarantined: 2, verdict: 'balanced' });
  const [aside] = await list();
  expect(aside).toMatchObject({
    kind: 'rows',
    uri: 's3://lake/raw/orders/b.csv',
    rows: 2,
    code: 'VALUE_INVALID',
    reason: 'line 3: column amount: expected BIGINT, got another value',
  });
  expect(await readAside(pipeline.services, aside!.id)).toMatchObject({
    texts: [
      { line: 3, code: 'VALUE_INVALID', raw: '3,1.5' },
      { line: 4, code: 'ROW_UNREADABLE', raw: '4,x,y' },
    ],
  });

  const { read, custody } = pipeline.services.ledger;
  const [batch] = await read.batches('orders', 1);
  const kept = [...((await custody.artifacts([batch!.batch])).get(batch!.batch) ?? [])];
  expect(kept.filter((key) => key.includes('/_rows-'))).toHaveLength(1);
  const mended = [
    { name: 'id', type: 'BIGINT' },
    { name: 'amount', type: 'DECIMAL(10,2)' },
  ];
  await read.addSchema('orders', 1, mended, 'amounts have fractions');
  const twice = await Promise.all(
    [1, 2].map(() => decideAside(pipeline.services, { verb: 'replay', ids: [aside!.id], ...anybody })),
  );
  const answers = twice.flat().map(({ answer }) => answer);
  expect(answers.sort()).toEqual(['already', 'done']);
  await pipeline.settled(3);
  expect(await rows()).toEqual([
    [1, 10],
    [2, 20],
    [3, 1.5],
    [5, 50],
    [6, 60],
  ]);
  const [left, ...more] = await list();
  expect(more).toEqual([]);
  expect(left).toMatchObject({ kind: 'rows', rows: 1, code: 'ROW_UNREADABLE' });
  expect(left!.uri).toContain(`_replay/${aside!.id}.csv`);
  await expectBalanced(pipeline);

  expect(await decideAside(pipeline.services, { verb: 'release', ids: [left!.id], ...anybody })).toMatchObject([
    { answer: 'refused' },
  ]);
  await decideAside(pipeline.services, { verb: 'discard', ids: [left!.id], ...anybody });
  expect(await list()).toEqual([]);
  expect(await readAside(pipeline.services, aside!.id)).toMatchObject({
    state: 'replayed',
    decisions: [{ verb: 'replay', who: 'ann', why: 'a test' }],
  });
  await expectBalanced(pipeline);
});

test('a row of a JSON array is set aside by its number, counted, and sent again as a line', async () => {
  pipeline = await openPipeline({ datasets: orders });
  await pipeline.query('CREATE TABLE orders (id bigint, amount numeric)');
  await pipeline.put('raw/orders/a.csv', 'id,amount\n1,10\n');
  await pipeline.settled(1);
  await pipeline.put('raw/orders/b.json', '[{"id":2,"amount":20},\n {"id":3,\n "amount":1.5}, {"id":4,"amount":40}]');
  await pipeline.settled(2);
  const b = (await accounts()).find(({ uri }) => uri.endsWith('b.json'));
  expect(b).toMatchObject({ rowsIn: 3, rowsQuarantined: 1, verdict: 'balanced' });
  const [aside] = await list();
  expect(aside).toMatchObject({ kind: 'rows', reason: 'row 2: column amount: expected BIGINT, got another value' });
  const mended = [
    { name: 'id', type: 'BIGINT' },
    { name: 'amount', type: 'DECIMAL(10,2)' },
  ];
  await pipeline.services.ledger.read.addSchema('orders', 1, mended, 'amounts have fractions');
  await decideAside(pipeline.services, { verb: 'replay', ids: [aside!.id], ...anybody });
  await pipeline.settled(3);
  expect(await rows()).toEqual([
    [1, 10],
    [2, 20],
    [3, 1.5],
    [4, 40],
  ]);
  expect(await list()).toEqual([]);
  await expectBalanced(pipeline);
});

const checked = (settings: string) => `  orders:
    source: { prefix: raw/orders/ }
    batch: { maxWait: 0s }
    load: [{ target: warehouse, table: orders }]
${settings}`;

test('exactly the rows that break a rule are set aside, the others load; under a mended rule they follow', async () => {
  const rule =
    '    columns: { amount: { checks: [{ expr: "amount >= 0", name: not negative, onFail: quarantine }] } }\n';
  pipeline = await openPipeline({ datasets: checked(rule) });
  await pipeline.put(
    'raw/orders/a.csv',
    'id,amount,note\n1,1.5,"a ""b"""\n2,-2.25,"c,\nd"\n3,,\n4,-1234567890.1234567,x\n',
  );
  await pipeline.settled(1);
  const amounts = async () =>
    (await pipeline.query('SELECT id, amount, note FROM orders ORDER BY id')).map(({ id, amount, note }) => [
      Number(id),
      amount,
      note,
    ]);
  expect(await amounts()).toEqual([
    [1, 1.5, 'a "b"'],
    [3, null, null],
  ]);
  const [aside] = await list();
  expect(aside).toMatchObject({ kind: 'rows', rows: 2, code: 'CHECK_FAILED' });
  expect(aside!.reason).toContain('not negative');
  expect(await accounts()).toMatchObject([{ rowsIn: 4, rowsQuarantined: 2, verdict: 'balanced' }]);
  const { texts } = await readAside(pipeline.services, aside!.id);
  expect(texts).toMatchObject([
    { line: 2, raw: '{"id":"2","amount":"-2.25","note":"c,\\nd"}' },
    { line: 4, raw: '{"id":"4","amount":"-1234567890.1234567","note":"x"}' },
  ]);
  await pipeline.restartWith(checked(''));
  await decideAside(pipeline.services, { verb: 'replay', ids: [aside!.id], ...anybody });
  await pipeline.settled(2);
  expect(await amounts()).toEqual([
    [1, 1.5, 'a "b"'],
    [2, -2.25, 'c,\nd'],
    [3, null, null],
    [4, -1234567890.1234567, 'x'],
  ]);
  expect(await list()).toEqual([]);
  await expectBalanced(pipeline);
});
