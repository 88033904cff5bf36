import type { Clock } from '../shared/clock.js';
import type { Config, Dataset } from '../shared/config/config.js';
import type { Engine } from '../shared/engine/port.js';
import type { Lineage } from '../shared/lineage/port.js';
import type { Ledger } from '../shared/ledger/port.js';
import type { Queue } from '../shared/queue/port.js';
import type { ObjectStore } from '../shared/stores/port.js';
import type { Logger } from '../shared/telemetry/log.js';
import type { Warehouse } from '../shared/warehouses/port.js';
import { SluiceError } from '../shared/errors.js';
import type { StepMeter } from './meter.js';

/** What a sweep of one dataset did. */
export interface SweepReport {
  readonly found: number;
  readonly recorded: number;
  readonly ignored: number;
}

/** All that a worker's handlers may touch, given by whoever starts it. */
export interface WorkerContext {
  readonly config: Config;
  readonly ledger: Ledger;
  readonly queue: Queue;
  readonly engine: Engine;
  /** The store that a dataset's files arrive in. */
  readonly sourceStore: (dataset: string) => ObjectStore;
  /** The lake: where artifacts go. */
  readonly lake: ObjectStore;
  readonly warehouse: (target: string) => Warehouse;
  /** Absent where the configuration asks for none. */
  readonly lineage?: Lineage | undefined;
  readonly sweep: (dataset: Dataset, signal: AbortSignal) => Promise<SweepReport>;
  /** Puts the config's schedules in force again, after Redis lost them. */
  readonly restoreSchedules: () => Promise<void>;
  /** Counts what goes through the handlers, where somebody asks. */
  readonly meter?: StepMeter;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Name of this process in leases: unique while it lives. */
  readonly holder: string;
  /** Folder for files in work. */
  readonly scratch: string;
  /** Close batches at once, whatever `maxWait` says (`sluice run`). */
  readonly closeNow: boolean;
}

/** The dataset of that name; the config may have lost it since the job was made. */
export function datasetOf(config: Config, name: string): Dataset {
  const dataset = config.datasets.find((known) => known.name === name);
  if (dataset !== undefined) return dataset;
  throw new SluiceError(
    'CONFIG_INVALID',
    `expected the dataset ${name} in the configuration, got ${config.datasets.map((known) => known.name).join(', ')}`,
    {
      facts: { dataset: name },
    },
  );
}
