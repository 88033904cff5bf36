import pLimit from 'p-limit';
import type { Clock } from '../../shared/clock.js';
import type { ObjectStore, StoredObject } from '../../shared/stores/port.js';

/** HEAD requests at once. */
const HEADS_AT_ONCE = 8;

/**
 * Waits until the youngest of the objects is `settleMs` old, then looks at each again: what is there then, once. So an object that was being
 * replaced is recorded as it ended.
 */
export async function lookAgain(
  objects: readonly StoredObject[],
  {
    store,
    settleMs,
    clock,
    signal,
  }: {
    readonly store: Pick<ObjectStore, 'head'>;
    readonly settleMs: number;
    readonly clock: Clock;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<readonly StoredObject[]> {
  if (objects.length === 0) return [];
  const youngest = objects.reduce((latest, { lastModified }) => Math.max(latest, lastModified.getTime()), 0);
  // A store whose clock is ahead is not waited for longer than this.
  await clock.sleep(Math.min(settleMs, Math.max(0, youngest + settleMs - clock.now())), signal);
  const limit = pLimit(HEADS_AT_ONCE);
  const found = await Promise.all(objects.map(({ key }) => limit(() => store.head(key, signal))));
  return found.filter((object) => object !== undefined);
}
