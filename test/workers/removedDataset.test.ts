import { expect, test } from 'vitest';
import { readRemoved, readStatus } from '../../src/cli/ledgerViews.js';
import type { Job } from '../../src/shared/jobs/catalogue.js';
import { handlePlan } from '../../src/workers/plan/handler.js';
import { reconcileOnce } from '../../src/workers/reconciler.js';
import { openRemovedNote } from '../../src/workers/removedNote.js';
import { arrivals, freshLedger } from '../shared/ledger/support.js';
import { makeConfig } from '../support/datasets.js';
import { memoryLog } from '../producers/support.js';

const config = makeConfig({ datasets: { orders: { source: { prefix: 'raw/orders/' } } } });

async function ledgerWithBoth() {
  const { ledger } = await freshLedger();
  await ledger.objects.record([
    ...arrivals(2, { dataset: 'orders' }),
    ...arrivals(3, { dataset: 'gone', bucket: 'other' }),
  ]);
  return ledger;
}

test('the reconciler sends nothing of a dataset that is gone, even after Redis lost everything', async () => {
  const ledger = await ledgerWithBoth();
  const sent: Job[] = [];
  const queue = {
    epoch: async () => undefined,
    setEpoch: async () => true,
    enqueue: async (jobs: readonly Job[]) => void sent.push(...jobs),
  };
  await reconcileOnce({ config, ledger, queue, logger: memoryLog(), restoreSchedules: async () => {} } as never);
  expect(sent.map(({ kind, payload }) => [kind, Reflect.get(payload, 'dataset')])).toEqual([['plan', 'orders']]);
});

test('a plan of a dataset that is gone is passed over, and its objects stay pending', async () => {
  const ledger = await ledgerWithBoth();
  const payload = { v: 1, dataset: 'gone', partition: '', dispatch: 1 } as never;
  expect(await handlePlan({ config, ledger } as never, payload)).toMatchObject({ kind: 'skip' });
  expect(await readStatus(ledger, ['gone'])).toMatchObject([{ pending: 3 }]);
});

test('what waits of a dataset that is gone is said once, and shown by status', async () => {
  const ledger = await ledgerWithBoth();
  const logger = memoryLog();
  const tell = openRemovedNote({ config, ledger, logger });
  await tell();
  await tell();
  expect(logger.lines).toHaveLength(1);
  expect(await readRemoved(ledger, ['orders'])).toMatchObject([
    { dataset: 'gone', pending: 3, objects: { arrived: 3 } },
  ]);
  expect(await readRemoved(ledger, ['orders', 'gone'])).toEqual([]);
});
