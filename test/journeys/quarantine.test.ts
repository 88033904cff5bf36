import { afterEach, expect, test } from 'vitest';
import { expectBalanced, orderIds } from '../support/accounts.js';
import { auditDeeply } from '../../src/cli/audit.js';
import { openReceiver } from '../support/receiver.js';
import { decideAside, listAside, readAside } from '../../src/cli/quarantine.js';
import { parseConfig } from '../../src/shared/config/load.js';
import { openPipeline, type Pipeline } from '../support/pipeline.js';

let pipeline: Pipeline;

afterEach(() => pipeline.close());

const orders = (settings = '') => `  orders:
    source: { prefix: raw/orders/ }
    batch: { maxWait: 0s }
    load: [{ target: warehouse, table: orders }]
${settings}`;

const anybody = { by: 'ann', why: 'a test' };

async function ids(): Promise<readonly unknown[]> {
  return orderIds(pipeline);
}

const list = () => listAside(pipeline.services.ledger, { dataset: undefined, limit: 100 });

async function stateOf(id: string): Promise<unknown> {
  return (await readAside(pipeline.services, id))['state'];
}

test('a bad batch is held, looked at, released: its rows are loaded once, and who let it through is known', async () => {
  const checks = '    columns: { id: { checks: [unique] } }\n';
  pipeline = await openPipeline({ datasets: orders(checks) });
  await pipeline.put('raw/orders/a.csv', 'id\n1\n1\n');
  await pipeline.settled(1);
  const [held] = await list();
  expect(held).toMatchObject({ kind: 'batch', dataset: 'orders', rows: 2, code: 'HELD' });
  expect(held!.reason).toContain('unique');
  expect(await readAside(pipeline.services, held!.id)).toMatchObject({
    state: 'held',
    objects: [{ uri: 's3://lake/raw/orders/a.csv' }],
    checks: [{ verdict: 'fail' }],
    decisions: [],
  });
  const twice = await Promise.all(
    [1, 2].map(() => decideAside(pipeline.services, { verb: 'release', ids: [held!.id], ...anybody })),
  );
  expect(
    twice
      .flat()
      .map(({ answer }) => answer)
      .sort(),
  ).toEqual(['already', 'done']);
  await pipeline.until(async () => (await stateOf(held!.id)) === 'loaded');
  expect(await ids()).toEqual([1, 1]);
  expect(await list()).toEqual([]);
  expect((await readAside(pipeline.services, held!.id))['decisions']).toMatchObject([
    { verb: 'release', who: 'ann', why: 'a test' },
  ]);
  await expectBalanced(pipeline);
});

test('a held batch whose check was wrong is replayed under the mended one, loaded once, and balances', async () => {
  const strict = '    columns: { id: { checks: [unique] } }\n';
  pipeline = await openPipeline({ datasets: orders(strict) });
  await pipeline.put('raw/orders/a.csv', 'id\n1\n1\n');
  await pipeline.put('raw/orders/b.csv', 'id\n2\n');
  await pipeline.settled(2);
  const held = (await list()).find(({ kind }) => kind === 'batch');
  await pipeline.restartWith(orders());
  await decideAside(pipeline.services, { verb: 'replay', ids: [held!.id], ...anybody });
  await pipeline.until(async () => (await ids()).join() === '1,1,2');
  expect(await stateOf(held!.id)).toBe('empty');
  expect(await list()).toEqual([]);
  await expectBalanced(pipeline);
});

test('an object that broke the schema is replayed after the contract was mended, exactly once', async () => {
  pipeline = await openPipeline({ datasets: orders('    schema: { evolution: strict }\n') });
  await pipeline.put('raw/orders/a.csv', 'id\n1\n');
  await pipeline.settled(1);
  await pipeline.put('raw/orders/b.csv', 'id,note\n2,new\n');
  await pipeline.settled(2);
  const [bad] = await list();
  expect(bad).toMatchObject({ kind: 'object', uri: 's3://lake/raw/orders/b.csv' });
  const again = async () => decideAside(pipeline.services, { verb: 'replay', ids: [bad!.id], ...anybody });
  const [first] = await again();
  await pipeline.until(async () => (await list()).some(({ id }) => first?.answer === 'done' && id === first.next[0]));
  await pipeline.restartWith(orders());
  const [still] = await list();
  const answers = await Promise.all(
    [1, 2, 3].map(() => decideAside(pipeline.services, { verb: 'replay', ids: [still!.id], ...anybody })),
  );
  expect(
    answers
      .flat()
      .map(({ answer }) => answer)
      .sort(),
  ).toEqual(['already', 'already', 'done']);
  await pipeline.until(async () => (await ids()).join() === '1,2');
  expect((await again())[0]).toMatchObject({ answer: 'already' });
  expect(await list()).toEqual([]);
  await expectBalanced(pipeline);
});

test('a duplicate and an overwriting version are let through by a person; what is damaged is not', async () => {
  pipeline = await openPipeline({ datasets: orders() });
  await pipeline.put('raw/orders/a.csv', 'id\n1\n');
  await pipeline.settled(1);
  await pipeline.put('raw/orders/b.csv', 'id\n1\n');
  await pipeline.put('raw/orders/a.csv', 'id\n2\n');
  await pipeline.put('raw/orders/c.csv', '');
  await pipeline.settled(4);
  const aside = await list();
  expect(aside.map(({ code }) => code).sort()).toEqual(['DUPLICATE_CONTENT', 'OBJECT_EMPTY', 'OBJECT_OVERWRITTEN']);
  const decided = await decideAside(pipeline.services, { verb: 'release', ids: aside.map(({ id }) => id), ...anybody });
  expect(decided.map(({ answer }) => answer).sort()).toEqual(['done', 'done', 'refused']);
  await pipeline.until(async () => (await ids()).join() === '1,1,2');
  const [empty] = await list();
  await decideAside(pipeline.services, { verb: 'discard', ids: [empty!.id], ...anybody });
  expect(await stateOf(empty!.id)).toBe('ignored');
  expect(await list()).toEqual([]);
  await pipeline.until(async () =>
    (await pipeline.services.ledger.recovery.backlog()).every(({ openSteps }) => openSteps === 0),
  );
  await expectBalanced(pipeline);
});

test('a load that the table refuses is set aside with its reason; one bad file is discarded, the rest is loaded', async () => {
  pipeline = await openPipeline({ datasets: orders().replace('maxWait: 0s', 'maxWait: 2s, maxFiles: 2') });
  await pipeline.query('create table orders (id smallint)');
  await pipeline.query('alter table orders add check (id < 100)');
  await Promise.all([pipeline.put('raw/orders/a.csv', 'id\n1\n'), pipeline.put('raw/orders/b.csv', 'id\n40000\n')]);
  await pipeline.until(async () => (await list()).length === 1);
  const [aside] = await list();
  expect(aside).toMatchObject({ kind: 'batch', objects: 2, code: expect.stringMatching(/^TARGET_/) });
  expect(aside!.reason).toContain('TARGET_');
  const objects = await pipeline.services.ledger.objects.list({ limit: 10 });
  expect(objects.every(({ reason }) => reason === aside!.reason)).toBe(true);
  const bad = objects.find(({ key }) => key.endsWith('b.csv'))!;
  await pipeline.query('drop table orders');
  const [decided] = await decideAside(pipeline.services, { verb: 'discard', ids: [bad.object], ...anybody });
  expect(decided).toMatchObject({ answer: 'done' });
  await pipeline.until(async () => (await ids()).join() === '1');
  expect(await list()).toEqual([]);
  await expectBalanced(pipeline);
});

test('a bad batch is held, alerted, looked into, its contract mended, replayed, loaded, and audited row by row', async () => {
  const hook = await openReceiver();
  const contract = (least: number) => `    columns: { amount: { checks: [{ expr: "amount >= ${least}" }] } }\n`;
  const settings = `alerts: [{ type: webhook, url: "${hook.url}", on: [hold] }]`;
  pipeline = await openPipeline({ datasets: orders(contract(0)), settings });
  await pipeline.put('raw/orders/good.csv', 'id,amount\n1,10\n');
  await pipeline.settled(1);
  await pipeline.put('raw/orders/refunds.csv', 'id,amount\n2,20\n3,-30\n');
  await pipeline.settled(2);
  await pipeline.until(async () => hook.received.length === 1);
  const alert = JSON.parse(hook.received[0]!.body);
  const [held] = await list();
  expect(held).toMatchObject({ kind: 'batch', code: 'HELD', rows: 2 });
  expect(alert).toMatchObject({ kind: 'hold', dataset: 'orders', mend: expect.stringContaining(held!.id) });
  expect(await readAside(pipeline.services, held!.id)).toMatchObject({
    state: 'held',
    reason: held!.reason,
    objects: [{ uri: 's3://lake/raw/orders/refunds.csv' }],
    checks: [{ verdict: 'fail', data: { failingRows: 1, sample: [{ row: 1 }] } }],
  });
  expect(await ids()).toEqual([1]);
  await pipeline.restartWith(orders(contract(-100)));
  const replay = { verb: 'replay', ids: [held!.id], by: 'ann', why: 'refunds are negative' } as const;
  expect(await decideAside(pipeline.services, replay)).toMatchObject([{ answer: 'done' }]);
  expect(await decideAside(pipeline.services, replay)).toMatchObject([{ answer: 'already' }]);
  await pipeline.until(async () => (await ids()).join() === '1,2,3');
  expect(await list()).toEqual([]);
  expect((await readAside(pipeline.services, held!.id))['decisions']).toMatchObject([{ verb: 'replay', who: 'ann' }]);
  await expectBalanced(pipeline);
  const { balanced, deep } = await auditDeeply(pipeline.services, ['orders'], new AbortController().signal);
  expect({ balanced, deep }).toMatchObject({ balanced: true, deep: [{ verdict: 'same', rows: 3 }] });
  await hook.close();
});

test('a configuration that replaces in an upsert table is refused', () => {
  const text = (mode: string) => `version: 1
targets: { warehouse: { type: postgres } }
datasets:
${orders('    onOverwrite: replace\n').replace('table: orders', `table: orders${mode}`)}`;
  expect(parseConfig(text(''), { folder: '/' }, {}).kind).toBe('config');
  expect(parseConfig(text(', mode: upsert, key: [id]'), { folder: '/' }, {}).kind).toBe('faults');
});
