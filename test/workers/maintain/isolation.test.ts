import { mkdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, inject, onTestFinished, test } from 'vitest';
import { systemClock } from '../../../src/shared/clock.js';
import { SluiceError } from '../../../src/shared/errors.js';
import { newBatchId } from '../../../src/shared/ids.js';
import { JOB_PAYLOADS } from '../../../src/shared/jobs/catalogue.js';
import { openQueue } from '../../../src/shared/queue/open.js';
import { openStore } from '../../../src/shared/stores/open.js';
import { silentLog } from '../../../src/shared/telemetry/log.js';
import type { WorkerContext } from '../../../src/workers/context.js';
import { meterStore } from '../../../src/workers/meterStore.js';
import { handleMaintain } from '../../../src/workers/maintain/handler.js';
import { freshLedger } from '../../shared/ledger/support.js';
import { freshPrefix } from '../../support/databases.js';
import { makeConfig } from '../../support/datasets.js';
import { freshFolder } from '../../support/folders.js';

const never = () => {
  throw new Error('expected no call');
};
const away = () => new SluiceError('STORE_DENIED', 'expected the list of curated/second/, got 403');

/** A worker's context over a real ledger and a directory, for three datasets. */
async function maintainContext(over: Partial<WorkerContext> = {}) {
  const { ledger } = await freshLedger();
  const folder = await freshFolder();
  const queue = await openQueue({ url: inject('redisUrl'), prefix: freshPrefix() });
  onTestFinished(() => queue.close());
  const names = ['first', 'second', 'third'];
  const config = makeConfig({
    datasets: Object.fromEntries(names.map((name) => [name, { source: { prefix: `raw/${name}/` } }])),
  });
  const { store } = openStore(`file://${folder}`, { region: 'x' });
  const context: WorkerContext = {
    config,
    ledger,
    queue,
    engine: { open: never, memory: never, close: never },
    sourceStore: never,
    lake: store,
    warehouse: never,
    sweep: never,
    restoreSchedules: never,
    clock: systemClock,
    logger: silentLog,
    holder: 'me',
    scratch: join(folder, 'scratch', 'me'),
    closeNow: false,
    ...over,
  };
  const maintain = (job: 'sweep' | 'audit' | 'retention') =>
    handleMaintain(context, JOB_PAYLOADS.maintain.parse({ v: 1, job }), new AbortController().signal);
  return { folder, store, ledger, maintain };
}

test('a sweep that fails for one dataset is done for the others, and fails by its name', async () => {
  const swept: string[] = [];
  const { maintain } = await maintainContext({
    sweep: async ({ name }) => {
      swept.push(name);
      if (name === 'second') throw away();
      return { found: 1, recorded: 1, ignored: 0 };
    },
  });
  await expect(maintain('sweep')).rejects.toMatchObject({ code: 'STORE_DENIED' });
  expect(swept).toEqual(['first', 'second', 'third']);
});

test('an audit that fails for one dataset keeps the results of the others', async () => {
  const { ledger } = await freshLedger();
  const { maintain } = await maintainContext({
    ledger: {
      ...ledger,
      read: {
        ...ledger.read,
        auditPage: (dataset, after, limit) =>
          dataset === 'second' ? Promise.reject(away()) : ledger.read.auditPage(dataset, after, limit),
      },
    },
  });
  await expect(maintain('audit')).rejects.toMatchObject({ code: 'STORE_DENIED' });
  expect((await ledger.read.lastAudits()).map(({ dataset }) => dataset)).toEqual(['first', 'third']);
});

test('retention that fails for one dataset deletes the orphans of the others', async () => {
  const old = new Date(Date.now() - 9 * 86_400_000);
  const { folder, store, ledger, maintain } = await maintainContext();
  const denied = await maintainContext({
    ledger,
    lake: {
      ...meterStore(store, () => {}),
      list: (request) => {
        if (request.prefix.includes('second')) throw away();
        return store.list(request);
      },
    },
  });
  const { recorded } = await ledger.objects.record([
    { dataset: 'third', partition: '', bucket: 'lake', key: 'a', eTag: 'e', size: 1, source: 'webhook' },
  ]);
  const batch = newBatchId(Date.now());
  await ledger.plans.commitPlan({ dataset: 'third', partition: '' }, [
    { batch, objects: recorded, configHash: 'c', loads: [] },
  ]);
  const claim = await ledger.steps.claim({ batch, step: 'compact', target: '', table: '' }, 'me', 1000);
  if (claim.kind !== 'claimed') throw new Error(claim.kind);
  await ledger.steps.commitCompact(
    claim.claim,
    {
      version: 1,
      batch,
      attempt: claim.claim.attempt,
      dataset: 'third',
      partition: '',
      schemaVersion: 1,
      configHash: 'c',
      columns: [],
      artifacts: [],
      objects: recorded.map((object) => ({ object, kind: 'included', rows: 0, sha256: '00' })),
      rows: { in: 0, out: 0 },
      bytes: { in: 1, out: 0 },
    },
    new Date(),
  );
  const orphan = join(folder, 'curated', 'third', `${batch}-9-0.parquet`);
  await mkdir(join(orphan, '..'), { recursive: true });
  await writeFile(orphan, 'x');
  await utimes(orphan, old, old);
  await expect(denied.maintain('retention')).rejects.toMatchObject({ code: 'STORE_DENIED' });
  expect(await store.head(`curated/third/${batch}-9-0.parquet`)).toBeUndefined();
  await expect(maintain('retention')).resolves.toMatchObject({ kind: 'done' });
});
