import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { auditDatasets } from '../../src/cli/audit.js';
import { atRest } from '../support/accounts.js';
import type { OtherPostgres } from '../support/otherPostgres.js';
import { startOtherPostgres } from '../support/otherPostgres.js';
import { openPipeline, type Pipeline } from '../support/pipeline.js';
import { saveLedger } from '../support/savedLedger.js';

let pipeline: Pipeline;
let server: OtherPostgres;
beforeAll(async () => {
  server = await startOtherPostgres();
});
afterEach(() => pipeline.close());
afterAll(() => server.close());

const FILES = 24;
const datasets = `  events:
    source: { prefix: raw/events/ }
    batch: { maxWait: 200ms, maxFiles: 3 }
    load: [{ target: warehouse, table: events }]
  states:
    source: { prefix: raw/states/ }
    batch: { maxWait: 200ms, maxFiles: 3 }
    load: [{ target: warehouse, table: states, mode: upsert, key: [id], orderBy: [version] }]
`;

test(
  'ledger and target on two servers, the ledger restored from an older dump: nothing lost, nothing doubled',
  { timeout: 240_000 },
  async () => {
    pipeline = await openPipeline({ datasets, targetUrl: await server.freshDatabase() });
    const { services, ledgerUrl } = pipeline;
    const put = async (file: number) => {
      await pipeline.put(`raw/events/f${file}.csv`, `id\n${2 * file}\n${2 * file + 1}\n`);
      // Each file brings a newer version of the rows of the file before, and one row of its own.
      await pipeline.put(
        `raw/states/f${file}.csv`,
        `id,version,note\n${file},${file},first\n${file - 1},${file},second\n`,
      );
    };
    for (let file = 0; file < FILES / 2; file += 1) await put(file);
    const loaded = async () => (await services.ledger.objects.counts()).some(({ state }) => state === 'loaded');
    await pipeline.until(loaded);
    const saved = await saveLedger(ledgerUrl);
    for (let file = FILES / 2; file < FILES; file += 1) await put(file);
    await pipeline.settled(2 * FILES);
    await Promise.all(pipeline.workers.map((worker) => worker.stop(0)));
    await saved.restore();
    const before = (await services.ledger.objects.counts()).reduce((sum, { objects }) => sum + objects, 0);
    expect(before).toBeLessThan(2 * FILES);

    // As the runbook says: what Redis has is of a ledger that is gone.
    await services.queue().flush();
    await pipeline.startWorker();
    const signal = new AbortController().signal;
    const { sweep } = services.workerContext();
    for (const dataset of pipeline.config.datasets) await sweep(dataset, signal);
    await pipeline.settled(2 * FILES);
    await atRest(pipeline);
    const { balanced, objects } = await auditDatasets(services, ['events', 'states'], signal);
    expect([balanced, objects.length]).toEqual([true, 2 * FILES]);
    const events = await pipeline.query('select id::int as id from events order by id');
    expect(events.map(({ id }) => id)).toEqual(Array.from({ length: 2 * FILES }, (_, id) => id));
    const states = await pipeline.query('select id::int as id, version::int as version, note from states order by id');
    expect(states).toEqual(
      Array.from({ length: FILES + 1 }, (_, index) => index - 1).map((id) =>
        id === FILES - 1 ? { id, version: id, note: 'first' } : { id, version: id + 1, note: 'second' },
      ),
    );
  },
);
