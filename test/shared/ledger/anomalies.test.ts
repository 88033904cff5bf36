import { expect, test } from 'vitest';
import type { BatchId } from '../../../src/shared/ids.js';
import type { Ledger, NewAnomaly, Point } from '../../../src/shared/ledger/port.js';
import { arrivalOf, batchOf, compactWith, decided, idOf, judgeBatch } from './custodySupport.js';
import { freshLedger } from './support.js';

let files = 0;

async function judgedBatch(ledger: Ledger, hold = false): Promise<BatchId> {
  const arrival = arrivalOf(`in/${files++}.csv`, String(files));
  await ledger.objects.record([arrival]);
  const batch = await batchOf(ledger, [idOf(arrival)]);
  await compactWith(ledger, batch, [decided(idOf(arrival), String(files))]);
  await judgeBatch(ledger, batch, hold);
  return batch;
}

function pointOf(batch: BatchId, value = 10): Point {
  return { batch, dataset: 'orders', at: new Date(), rows: 10, figures: [{ metric: 'rowCount', column: '', value }] };
}

function anomalyOf(subject: string, over: Partial<NewAnomaly> = {}): NewAnomaly {
  const data = { state: 'unusual', verdict: 'fail', value: 10, points: 7, method: 'mad', levelShift: false } as const;
  return { dataset: 'orders', metric: 'rowCount', column: '', subject, data, ...over };
}

test('a point is stored once with its anomalies, which are listed and raise one alert', async () => {
  const { ledger } = await freshLedger();
  const batch = await judgedBatch(ledger);
  expect(await ledger.anomalies.unobserved('orders', 10)).toEqual([batch]);
  const anomaly = anomalyOf(batch, { column: 'naïve "ß"\0', metric: 'mean' });
  const noted = await Promise.all([1, 2].map(() => ledger.anomalies.notePoint(pointOf(batch), [anomaly])));
  expect(noted.sort()).toEqual([false, true]);
  expect(await ledger.anomalies.unobserved('orders', 10)).toEqual([]);
  expect(await ledger.anomalies.list({ limit: 10 })).toMatchObject([
    { metric: 'mean', subject: batch, data: { value: 10 } },
  ]);
  expect(await ledger.alerts.recent(10)).toMatchObject([{ kind: 'anomaly', dataset: 'orders', times: 1 }]);
  const history = await ledger.anomalies.history('orders', 10);
  expect(history.points).toMatchObject([{ batch, rows: 10, figures: pointOf(batch).figures }]);
  expect(history.anomalies).toHaveLength(1);
});

test('a batch that is held does not count until it is released', async () => {
  const { ledger } = await freshLedger();
  const [released, discarded] = [await judgedBatch(ledger, true), await judgedBatch(ledger, true)];
  for (const batch of [released, discarded]) await ledger.anomalies.notePoint(pointOf(batch), []);
  expect((await ledger.anomalies.history('orders', 10)).points).toEqual([]);
  await ledger.custody.decide({ verb: 'release', id: released, who: 'ann', why: '' });
  await ledger.custody.decide({ verb: 'discard', id: discarded, who: 'ann', why: '' });
  expect((await ledger.anomalies.history('orders', 10)).points.map(({ batch }) => batch)).toEqual([released]);
});

test('the new normal takes later open anomalies of the same figure with it, and is said once', async () => {
  const { ledger } = await freshLedger();
  const batches = [await judgedBatch(ledger), await judgedBatch(ledger), await judgedBatch(ledger)];
  for (const batch of batches)
    await ledger.anomalies.notePoint(pointOf(batch), [anomalyOf(batch), anomalyOf(batch, { column: 'other' })]);
  const all = (await ledger.anomalies.list({ limit: 10 })).filter(({ column }) => column === '');
  const [third, second, first] = all;
  const said = { who: 'ann', why: 'a bigger shop' };
  expect(await ledger.anomalies.acknowledge({ id: second!.id, as: 'normal', ...said })).toMatchObject({
    kind: 'done',
    also: 1,
    anomaly: { decided: { as: 'normal', ...said } },
  });
  expect(await ledger.anomalies.acknowledge({ id: third!.id, as: 'once', ...said })).toMatchObject({ kind: 'already' });
  expect(await ledger.anomalies.acknowledge({ id: first!.id, as: 'once', ...said })).toMatchObject({
    kind: 'done',
    also: 0,
  });
  expect((await ledger.anomalies.list({ open: true, limit: 10 })).map(({ column }) => column)).toEqual([
    'other',
    'other',
    'other',
  ]);
  for (const id of ['999999', 'x', '1; DROP'])
    expect(await ledger.anomalies.acknowledge({ id, as: 'once', ...said })).toEqual({ kind: 'unknown' });
});

test('arrivals are counted by day with their longest gap, days without any included', async () => {
  const { ledger, sql } = await freshLedger();
  expect((await ledger.anomalies.arrivalDays('orders', 30)).days).toEqual([]);
  const batches = [await judgedBatch(ledger), await judgedBatch(ledger), await judgedBatch(ledger)];
  const ages = ['3 days 1 hour', '3 days', '2 hours'];
  const noon = "date_trunc('day', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' + interval '12 hours'";
  for (const [index, batch] of batches.entries())
    await sql.query(`UPDATE sluice.batches SET created_at = ${noon} - $2::interval WHERE batch_id = $1`, [
      batch,
      ages[index],
    ]);
  const { days, today, lastDay } = await ledger.anomalies.arrivalDays('orders', 30);
  expect(days.map(({ objects, longestGapMs }) => [objects, longestGapMs])).toEqual([
    [2, (3 * 24 - 2) * 3600e3],
    [0, undefined],
    [0, undefined],
    [1, undefined],
  ]);
  expect([days.at(-1)?.day, lastDay]).toEqual([today, today]);
});
