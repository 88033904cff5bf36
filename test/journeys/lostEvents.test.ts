import { afterEach, expect, test } from 'vitest';
import { auditDatasets } from '../../src/cli/audit.js';
import { atRest } from '../support/accounts.js';
import { dice } from '../support/dice.js';
import { createdRecord, postRecords } from '../support/events.js';
import { openPipeline, type Pipeline, TOKEN } from '../support/pipeline.js';

let pipeline: Pipeline;

afterEach(() => pipeline.close());

const orders = `  orders:
    source: { prefix: raw/orders/ }
    partition: hive
    batch: { maxWait: 100ms, maxFiles: 10 }
    load: [{ target: warehouse, table: orders }]
`;

const FILES = 60;

test('three events of ten are lost and three of ten come twice: after one sweep the audit balances, and each row is there once', async () => {
  pipeline = await openPipeline({ datasets: orders, notify: false });
  const records: unknown[] = [];
  for (let file = 0; file < FILES; file++) {
    const key = `raw/orders/day=${file % 3}/f${file}.csv`;
    const body = `id\n${2 * file}\n${2 * file + 1}\n`;
    records.push(createdRecord(key, await pipeline.put(key, body), body.length));
  }
  const kept = records.filter(() => dice.roll() >= 0.3);
  const repeated = kept.filter(() => dice.roll() < 0.3);
  const deliveries = [...kept, ...repeated];
  for (let start = 0; start < deliveries.length; start += 10)
    expect((await postRecords(pipeline.intakeUrl, TOKEN, deliveries.slice(start, start + 10))).status).toBe(200);
  const { sweep } = pipeline.services.workerContext();
  const signal = new AbortController().signal;
  expect((await sweep(pipeline.config.datasets[0]!, signal)).recorded).toBe(FILES - kept.length);
  await pipeline.settled(FILES);
  await atRest(pipeline);
  const { balanced, objects } = await auditDatasets(pipeline.services, ['orders'], signal);
  expect([balanced, objects.length, objects.every(({ state }) => state === 'loaded')]).toEqual([true, FILES, true]);
  const rows = await pipeline.query('select id::int as id from orders order by id');
  expect(rows.map(({ id }) => id)).toEqual(Array.from({ length: 2 * FILES }, (_, id) => id));
});
