import type { Config, Dataset } from '../shared/config/config.js';
import { JOB_KINDS, type JobKind } from '../shared/jobs/catalogue.js';
import { type ArrivedDemand, type Ledger, type StepDemand, STEPS } from '../shared/ledger/port.js';
import type { Attendance, Queue, QueueCounts } from '../shared/queue/port.js';
import type { ArrivalRate } from './arrivalRate.js';
import type { ScaleRequest } from './requests.js';
import { type BytesPerSecond, decideScale, OPEN_COST_BYTES, type QueueDemand, type ScaleSignal } from './scale.js';

export interface ReadScaleOptions {
  readonly config: Pick<Config, 'worker' | 'datasets' | 'scale'>;
  readonly ledger: Pick<Ledger, 'scale'>;
  readonly queue: Pick<Queue, 'counts' | 'attendance'>;
  /** Left out: what arrives asks for nobody by itself. */
  readonly arrivals?: ArrivalRate;
}

/** Reads what waits and what is done, and decides. Redis that does not answer is no work of its own: the ledger has the steps. */
export async function readScale(
  { config, ledger, queue, ...rest }: ReadScaleOptions,
  { queues, concurrency, drainSeconds, oldestSeconds }: ScaleRequest,
): Promise<ScaleSignal> {
  const kinds = queues ?? JOB_KINDS;
  const { demands, pace } = await readDemands({ config, ledger, queue, ...rest }, kinds);
  return decideScale(
    demands,
    {
      concurrency: concurrency ?? config.worker.concurrency,
      drainSeconds: drainSeconds ?? config.scale.drainMs / 1000,
      oldestSeconds: oldestSeconds ?? config.scale.oldestMs / 1000,
    },
    pace,
  );
}

/** What each of these queues asks for, and the pace of their jobs together. */
export async function readDemands(
  { config, ledger, queue, arrivals }: ReadScaleOptions,
  kinds: readonly JobKind[],
): Promise<{ readonly demands: readonly QueueDemand[]; readonly pace: BytesPerSecond }> {
  const [steps, arrived, paces, arriving, seen] = await Promise.all([
    ledger.scale.steps(),
    ledger.scale.arrived(),
    ledger.scale.paces(),
    arrivals?.() ?? 0,
    Promise.all(kinds.map((kind) => lookAt(queue, kind))),
  ]);
  const demands = seen.map(({ kind, counts, attendance }) => {
    const step = steps.find((known) => known.step === kind);
    return demandOf({ kind, counts, attendance, step, arrived, arriving, datasets: config.datasets });
  });
  const noted = paces.filter(({ kind }) => kinds.some((known) => known === kind));
  const busy = noted.reduce((sum, { busySeconds }) => sum + busySeconds, 0);
  const done = noted.reduce((sum, { bytes, objects }) => sum + bytes + objects * OPEN_COST_BYTES, 0);
  return { demands, pace: busy > 0 && done > 0 ? done / busy : undefined };
}

const NOBODY: Attendance = { paused: false, workers: 0 };
const NONE: Pick<QueueCounts, 'waiting' | 'active' | 'overdue'> = { waiting: 0, active: 0, overdue: 0 };

async function lookAt(queue: ReadScaleOptions['queue'], kind: JobKind) {
  const [counts, attendance] = await Promise.all([
    queue.counts(kind).catch(() => NONE),
    queue.attendance(kind).catch(() => NOBODY),
  ]);
  return { kind, counts, attendance };
}

interface Seen {
  readonly kind: JobKind;
  readonly counts: Pick<QueueCounts, 'waiting' | 'active' | 'overdue'>;
  readonly attendance: Attendance;
  readonly step: StepDemand | undefined;
  readonly arrived: readonly ArrivedDemand[];
  readonly arriving: number;
  readonly datasets: readonly Dataset[];
}

/** Redis may hold a step's job several times (it is sent again while it waits), or not at all: of steps the ledger decides. */
function demandOf({ kind, counts, attendance, step, arrived, arriving, datasets }: Seen): QueueDemand {
  const { waiting, overdue, active } = counts;
  const base = { queue: kind, ...attendance, overdue };
  if (!STEPS.some((known) => known === kind)) {
    const due = kind === 'plan' ? arrived : [];
    return {
      ...base,
      waiting: Math.max(waiting + overdue, due.length > 0 ? 1 : 0),
      active,
      coming: 0,
      bytes: 0,
      objects: 0,
      arriving: 0,
      oldestSeconds: Math.max(0, ...due.map(({ oldestSeconds }) => oldestSeconds)),
    };
  }
  const coming = kind === 'compact' ? arrived : [];
  return {
    ...base,
    waiting: step?.waiting ?? 0,
    active: step?.held ?? 0,
    coming: coming.reduce((sum, one) => sum + batchesOf(one, datasets), 0),
    bytes: coming.reduce((sum, { bytes }) => sum + bytes, step?.bytes ?? 0),
    objects: coming.reduce((sum, { objects }) => sum + objects, step?.objects ?? 0),
    oldestSeconds: step?.oldestSeconds ?? 0,
    arriving: kind === 'compact' ? arriving : 0,
  };
}

function batchesOf({ dataset, bytes, objects }: ArrivedDemand, datasets: readonly Dataset[]): number {
  const batch = datasets.find(({ name }) => name === dataset)?.batch ?? { targetBytes: 256e6, maxFiles: 2000 };
  return objects === 0 ? 0 : Math.max(1, Math.ceil(bytes / batch.targetBytes), Math.ceil(objects / batch.maxFiles));
}
