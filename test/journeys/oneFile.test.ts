import { gzipSync } from 'node:zlib';
import { afterEach, expect, test } from 'vitest';
import { createdRecord, postRecords } from '../support/events.js';
import { openPipeline, type Pipeline, TOKEN } from '../support/pipeline.js';

let pipeline: Pipeline;

afterEach(() => pipeline.close());

const orders = `  orders:
    source: { prefix: raw/orders/ }
    batch: { maxWait: 0s }
    columns: { id: { checks: [required, unique] } }
    load: [{ target: warehouse, table: orders }]
`;

test('a file that lands is a visible table a moment later, and every later file joins it', async () => {
  pipeline = await openPipeline({ datasets: orders });
  await pipeline.put('raw/orders/a.csv', 'id,amount,at\n1,9.50,2026-01-02 03:04:05\n2,,2026-01-02 03:04:06\n');
  await pipeline.settled(1);
  await pipeline.put('raw/orders/b.ndjson.gz', gzipSync('{"id":3,"amount":1.25,"at":"2026-01-02 03:04:07"}\n'));
  await pipeline.settled(2);
  const rows = await pipeline.query("select id, amount::text, to_char(at, 'HH24:MI:SS') as at from orders order by id");
  expect(rows).toEqual([
    { id: '1', amount: '9.5', at: '03:04:05' },
    { id: '2', amount: null, at: '03:04:06' },
    { id: '3', amount: '1.25', at: '03:04:07' },
  ]);
  const objects = await pipeline.services.ledger.objects.list({ limit: 10 });
  expect(
    objects.map(({ key, state, rowsIn }) => ({ key, state, rowsIn })).toSorted((a, b) => (a.key < b.key ? -1 : 1)),
  ).toEqual([
    { key: 'raw/orders/a.csv', state: 'loaded', rowsIn: 2 },
    { key: 'raw/orders/b.ndjson.gz', state: 'loaded', rowsIn: 1 },
  ]);
});

test('an object of zero bytes, a truncated one and a missing one are quarantined by name, and the rest goes on', async () => {
  pipeline = await openPipeline({ datasets: orders, notify: false });
  const good = 'id,amount\n1,2\n';
  const whole = gzipSync(Buffer.from(`id,amount\n${'7,8\n'.repeat(5000)}`));
  const files: readonly (readonly [string, string | Uint8Array])[] = [
    ['raw/orders/good.csv', good],
    ['raw/orders/empty.csv', ''],
    ['raw/orders/cut.csv.gz', whole.subarray(0, Math.floor(whole.length / 2))],
  ];
  const records = [];
  for (const [key, body] of files)
    records.push(createdRecord(key, await pipeline.put(key, body), Buffer.byteLength(body)));
  records.push(createdRecord('raw/orders/ghost.csv', '0'.repeat(32), 12));
  const answer = await postRecords(pipeline.intakeUrl, TOKEN, records);
  expect(await answer.json()).toEqual({ accepted: 4, duplicates: 0, ignored: 0 });
  await pipeline.settled(4);
  const quarantined = await pipeline.services.ledger.objects.list({ state: 'quarantined', limit: 10 });
  expect(Object.fromEntries(quarantined.map(({ key, code }) => [key, code]))).toEqual({
    'raw/orders/empty.csv': 'OBJECT_EMPTY',
    'raw/orders/cut.csv.gz': 'OBJECT_TRUNCATED',
    'raw/orders/ghost.csv': 'OBJECT_MISSING',
  });
  expect(await pipeline.query('select count(*)::int as rows from orders')).toEqual([{ rows: 1 }]);
});
