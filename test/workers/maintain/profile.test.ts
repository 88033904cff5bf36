import { expect, test } from 'vitest';
import { readDatasetProfile } from '../../../src/shared/findings/datasetProfile.js';
import type { BatchId } from '../../../src/shared/ids.js';
import type { Finding, Ledger } from '../../../src/shared/ledger/port.js';
import { silentLog } from '../../../src/shared/telemetry/log.js';
import { handleMaintain } from '../../../src/workers/maintain/handler.js';
import { arrivalOf, batchOf, compactWith, decided, idOf, judgeBatch } from '../../shared/ledger/custodySupport.js';
import { freshLedger } from '../../shared/ledger/support.js';
import { makeConfig } from '../../support/datasets.js';

let files = 0;

/** A judged batch of `orders` whose profile has one column, with this share of NULLs among 1,000 rows. */
async function profiledBatch(ledger: Ledger, nullFraction?: number): Promise<BatchId> {
  const arrival = arrivalOf(`in/${files++}.csv`, String(files));
  await ledger.objects.record([arrival]);
  const batch = await batchOf(ledger, [idOf(arrival)]);
  await compactWith(ledger, batch, [decided(idOf(arrival), String(files))]);
  const column = { name: 'a', type: 'BIGINT', nulls: 1000 * (nullFraction ?? 0), nullFraction };
  const data = { rows: 1000, columns: [column] };
  await judgeBatch(ledger, batch, false, nullFraction === undefined ? [] : [{ kind: 'profile', name: '', data }]);
  return batch;
}

const config = makeConfig({
  datasets: { orders: { source: { prefix: 'in/' } }, empty: { source: { prefix: 'none/' } } },
});

function profile(ledger: Ledger) {
  const context = { config, ledger, logger: silentLog } as never;
  return handleMaintain(context, { v: 1, job: 'profile' }, new AbortController().signal);
}

async function about(ledger: Ledger, batch: BatchId): Promise<readonly Finding[]> {
  return (await ledger.read.findings({ batch, limit: 50 })).filter(({ name }) => name.startsWith('dataset'));
}

test('the scheduled profile keeps the merged profile and what drifted with the newest batch, once however often it runs', async () => {
  const { ledger } = await freshLedger();
  await profiledBatch(ledger, 0);
  await profiledBatch(ledger, 0.1);
  const newest = await profiledBatch(ledger, 0.6);
  const summary = { datasets: 1, drifts: 1 };
  expect(await profile(ledger)).toEqual({ kind: 'done', summary });
  expect(await Promise.all([profile(ledger), profile(ledger)])).toEqual([1, 2].map(() => ({ kind: 'done', summary })));
  expect(await about(ledger, newest)).toMatchObject([
    { kind: 'profile', name: 'dataset', data: { batches: 3, rows: 3000 } },
    { kind: 'profile', name: 'dataset drift', verdict: 'warn', data: { batches: 2, drifts: [{ kind: 'nulls' }] } },
  ]);
  expect(await readDatasetProfile(ledger, 'orders')).toMatchObject({
    batches: 3,
    noted: { batch: newest, drift: { drifts: [{ column: 'a', was: 0.05, is: 0.6 }] } },
  });
});

test('a note stays readable when newer batches came, and their own profile comes first among their findings', async () => {
  const { ledger } = await freshLedger();
  await profiledBatch(ledger, 0);
  const noted = await profiledBatch(ledger, 0);
  await profile(ledger);
  await profiledBatch(ledger, 0);
  expect(await readDatasetProfile(ledger, 'orders')).toMatchObject({ batches: 3, noted: { batch: noted } });
  expect(await ledger.read.findings({ batch: noted, kind: 'profile', limit: 1 })).toMatchObject([{ name: '' }]);
});

test('a dataset without batches, without profiles or with a single batch is no fault', async () => {
  const { ledger } = await freshLedger();
  expect(await profile(ledger)).toEqual({ kind: 'done', summary: { datasets: 0, drifts: 0 } });
  const bare = await profiledBatch(ledger);
  expect(await profile(ledger)).toEqual({ kind: 'done', summary: { datasets: 0, drifts: 0 } });
  expect(await about(ledger, bare)).toEqual([]);
  const only = await profiledBatch(ledger, 0);
  expect(await profile(ledger)).toEqual({ kind: 'done', summary: { datasets: 1, drifts: 0 } });
  expect(await about(ledger, only)).toMatchObject([{ name: 'dataset', data: { batches: 1 } }]);
});
