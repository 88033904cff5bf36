import pLimit from 'p-limit';
import { toSluiceError } from '../shared/errors.js';
import type { CustodyLedger, ObjectLedger, RoutedArrival } from '../shared/ledger/port.js';
import type { ObjectStore } from '../shared/stores/port.js';
import type { Logger } from '../shared/telemetry/log.js';

/** HEAD requests at once. */
const HEADS_AT_ONCE = 8;
/** A store that takes longer does not hold a sender up: the next event or sweep asks again. */
const HEAD_TIMEOUT_MS = 3000;

export interface RecordReturnsOptions {
  readonly ledger: {
    readonly objects: Pick<ObjectLedger, 'record'>;
    readonly custody: Pick<CustodyLedger, 'recordCurrent'>;
  };
  /** The store that a dataset's files arrive in; one without `head` is never asked. */
  readonly storeOf: (dataset: string) => Partial<Pick<ObjectStore, 'head'>>;
  readonly logger: Logger;
}

/**
 * Makes a `record` that also takes bytes which came back: of the known arrivals whose key was seen without their bytes, those that a
 * HEAD shows as current are recorded as their next generation (content A, B, A again is three objects). A store that does not answer
 * fails nothing.
 */
export function recordReturns({ ledger, storeOf, logger }: RecordReturnsOptions): ObjectLedger['record'] {
  return async (arrivals) => {
    const receipt = await ledger.objects.record(arrivals);
    if (receipt.outdone.length === 0) return receipt;
    const limit = pLimit(HEADS_AT_ONCE);
    const asked = await Promise.all(
      receipt.outdone.map((arrival) => limit(() => findCurrent(storeOf(arrival.dataset), arrival, logger))),
    );
    const given = new Map(
      asked.flatMap((found, index) => (found === undefined ? [] : [[found, receipt.outdone[index]]])),
    );
    const back = await ledger.custody.recordCurrent([...given.keys()]);
    return {
      ...receipt,
      recorded: [...receipt.recorded, ...back.recorded],
      fresh: [...receipt.fresh, ...back.fresh.flatMap((found) => given.get(found) ?? [])],
      duplicates: receipt.duplicates - back.recorded.length,
    };
  };
}

/** The arrival with what the store says of it; undefined unless the store shows its bytes as the key's current ones. */
async function findCurrent(
  store: Partial<Pick<ObjectStore, 'head'>>,
  arrival: RoutedArrival,
  logger: Logger,
): Promise<RoutedArrival | undefined> {
  try {
    const found = await store.head?.(arrival.key, AbortSignal.timeout(HEAD_TIMEOUT_MS));
    if (found === undefined || found.eTag !== arrival.eTag || found.size !== arrival.size) return undefined;
    const { versionId = arrival.versionId, lastModified } = found;
    return { ...arrival, lastModified, ...(versionId === undefined ? {} : { versionId }) };
  } catch (error) {
    logger.warn(
      { bucket: arrival.bucket, key: arrival.key, error: toSluiceError(error).message },
      'whether an object came back could not be asked; the next event or sweep asks again',
    );
    return undefined;
  }
}
