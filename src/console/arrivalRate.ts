import type { ObjectLedger } from '../shared/ledger/port.js';
import { OPEN_COST_BYTES } from './scale.js';

/** What arrived within this time is what the workers have to keep up with. */
const WINDOW_MS = 300_000;

/** A shorter look says nothing about a rate. */
const LEAST_MS = 60_000;

/** How fast objects arrive, in bytes a second with files weighed; 0 until it was looked at for a minute. */
export type ArrivalRate = () => Promise<number>;

/**
 * Opens the rate: it looks at the ledger's tallies whenever it is asked, and compares them with those of up to five minutes ago. Their sum
 * over all states grows by arrivals alone (it falls when an old month is dropped: then the look begins anew).
 */
export function openArrivalRate(objects: Pick<ObjectLedger, 'counts'>, nowMs: () => number = Date.now): ArrivalRate {
  let samples: { readonly at: number; readonly total: number }[] = [];
  return async () => {
    const counts = await objects.counts();
    const total = counts.reduce((sum, one) => sum + one.bytes + one.objects * OPEN_COST_BYTES, 0);
    const at = nowMs();
    if (total < (samples.at(-1)?.total ?? 0)) samples = [];
    samples.push({ at, total });
    while (samples.length > 1 && at - (samples[1]?.at ?? at) >= WINDOW_MS) samples.shift();
    const first = samples[0];
    return first === undefined || at - first.at < LEAST_MS ? 0 : ((total - first.total) / (at - first.at)) * 1000;
  };
}
