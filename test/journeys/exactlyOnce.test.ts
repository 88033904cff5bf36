import { gzipSync } from 'node:zlib';
import { afterEach, expect, test } from 'vitest';
import { dice } from '../support/dice.js';
import { createdRecord, postRecords } from '../support/events.js';
import { openPipeline, type Pipeline, TOKEN } from '../support/pipeline.js';

let pipeline: Pipeline;

afterEach(() => pipeline.close());

const orders = `  orders:
    source: { prefix: raw/orders/ }
    partition: hive
    batch: { maxWait: 300ms, maxFiles: 4 }
    load: [{ target: warehouse, table: orders }]
`;

const FILES = 40;
const ROWS = 50;

/** Files of rows whose ids are all different; every second one gzip, every third one NDJSON; over four partitions. */
function makeFiles(): readonly { readonly key: string; readonly body: Uint8Array }[] {
  return Array.from({ length: FILES }, (_, file) => {
    const rows = Array.from({ length: ROWS }, (_, row) => ({ id: file * ROWS + row, note: `note ${file}/${row}` }));
    const ndjson = file % 3 === 0;
    const gzip = file % 2 === 0;
    const text = ndjson
      ? rows.map((row) => JSON.stringify(row)).join('\n')
      : ['id,note', ...rows.map(({ id, note }) => `${id},${note}`)].join('\n');
    const name = `raw/orders/day=${file % 4}/f${file}.${ndjson ? 'ndjson' : 'csv'}${gzip ? '.gz' : ''}`;
    return { key: name, body: gzip ? gzipSync(text) : Buffer.from(text) };
  });
}

const expectedRows = Array.from({ length: FILES * ROWS }, (_, id) => ({
  id: String(id),
  note: `note ${Math.floor(id / ROWS)}/${id % ROWS}`,
}));

async function tableRows(): Promise<readonly Record<string, unknown>[]> {
  return pipeline.query('select id::text, note from orders order by id::bigint, note');
}

function shuffle<T>(items: readonly T[]): T[] {
  const shuffled = [...items];
  for (let last = shuffled.length - 1; last > 0; last--) {
    const other = dice.below(last + 1);
    [shuffled[last], shuffled[other]] = [shuffled[other]!, shuffled[last]!];
  }
  return shuffled;
}

test('every notification three times, shuffled, from four connections, two workers: each row exactly once', async () => {
  pipeline = await openPipeline({ datasets: orders, notify: false, workers: 2 });
  const records: unknown[] = [];
  for (const { key, body } of makeFiles()) records.push(createdRecord(key, await pipeline.put(key, body), body.length));
  const deliveries = shuffle([...records, ...records, ...records]);
  await Promise.all(
    [0, 1, 2, 3].map(async (connection) => {
      const mine = deliveries.filter((_, index) => index % 4 === connection);
      while (mine.length > 0)
        expect((await postRecords(pipeline.intakeUrl, TOKEN, mine.splice(0, 5))).status).toBe(200);
    }),
  );
  await pipeline.settled(FILES);
  expect(await tableRows()).toEqual(expectedRows);
  const finished = await Promise.all(
    pipeline.workers.map(
      async ({ metrics }) => /sluice_jobs_total\{kind="compact",outcome="done"\} (\d+)/.exec(await metrics.text())?.[1],
    ),
  );
  expect(finished.every((jobs) => Number(jobs) > 0)).toBe(true);
});

test('a Redis that forgets everything in mid-run costs time, no row and no schedule', async () => {
  pipeline = await openPipeline({ datasets: `${orders}schedules: [{ job: sweep, every: 1h }]\n`, workers: 0 });
  const { ledger, queue } = { ledger: pipeline.services.ledger, queue: pipeline.services.queue() };
  for (const { key, body } of makeFiles()) await pipeline.put(key, body);
  await pipeline.until(
    async () => (await ledger.objects.counts()).reduce((sum, { objects }) => sum + objects, 0) === FILES,
  );
  await pipeline.startWorker();
  await pipeline.until(async () => (await ledger.read.loads(undefined, 100)).length >= 1);
  const left = (await ledger.objects.counts()).filter(({ state }) => state !== 'loaded');
  await queue.flush();
  expect(left.reduce((sum, { objects }) => sum + objects, 0)).toBeGreaterThan(0);
  await pipeline.settled(FILES);
  expect(await tableRows()).toEqual(expectedRows);
  const maintain = queue.bullQueues.find(({ name }) => name === 'maintain');
  expect(await maintain?.getJobSchedulersCount()).toBe(1);
});
