import { openIntake } from '../producers/intake.js';
import { routerOf, withReturns } from '../producers/main.js';
import { type BackfillRange, sweepDataset, type SweepReceipt } from '../producers/sources/sweep.js';
import type { Config, Dataset } from '../shared/config/config.js';
import type { Ledger } from '../shared/ledger/port.js';
import type { Queue } from '../shared/queue/port.js';
import type { ObjectStore } from '../shared/stores/port.js';
import type { Logger } from '../shared/telemetry/log.js';

export interface SweepParts {
  readonly config: Config;
  readonly ledger: Ledger;
  readonly queue: Pick<Queue, 'enqueue'>;
  readonly lake: ObjectStore;
  readonly sourceStore: (dataset: string) => ObjectStore;
  readonly logger: Logger;
}

export interface SweepRequest {
  readonly signal: AbortSignal;
  readonly onProgress?: (soFar: SweepReceipt) => void;
  /** Default: as configured. */
  readonly settleMs?: number;
  /** Default: a sweep of the whole dataset. */
  readonly backfill?: BackfillRange;
}

/** Sweeps or backfills one dataset. */
export type Sweep = (dataset: Dataset, request: SweepRequest) => Promise<SweepReceipt>;

/** Opens sweeps and backfills over the services of a configuration. */
export function openSweep({ config, ledger, queue, lake, sourceStore, logger }: SweepParts): Sweep {
  const sources = new Map(config.datasets.map(({ name }) => [name, sourceStore(name)]));
  const router = routerOf(config, { lake, sources });
  const taking = withReturns(ledger, { lake, sources }, logger);
  const intake = openIntake({ ledger: taking, queue, datasets: config.datasets, router, logger });
  return (dataset, request) =>
    sweepDataset({
      ...config.intake.sweep,
      ...request,
      dataset,
      store: sourceStore(dataset.name),
      router,
      intake,
      ledger: ledger.arrivals,
    });
}
