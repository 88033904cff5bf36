import type { JobKind } from '../shared/jobs/catalogue.js';

/**
 * What reading and opening one more file costs, in bytes of data: 4.5 ms of a worker at 60 MB/s, as `npm run bench -- --profile`
 * has it. Without it a burst of tiny files looks like nothing.
 */
export const OPEN_COST_BYTES = 256 * 1024;

/** Taken for the pace of one job at a time until workers have noted theirs. */
export const ASSUMED_BYTES_PER_SECOND = 8_000_000;

/** Workers that arrivals fill by this much more than whole ones are not asked for. */
const KEEP_UP_SLACK = 0.05;

/**
 * What one more worker costs: waiting by n workers costs backlog/n, n workers cost n times their own coming and going, and the sum is least
 * at the root of their ratio. 18 s weigh the two alike in simulation (bench/scale).
 */
const WORTH_A_WORKER_SECONDS = 18;

/** What is known of one queue. */
export interface QueueDemand {
  readonly queue: JobKind;
  readonly paused: boolean;
  /** Worker processes that attend. */
  readonly workers: number;
  /** Jobs that wait: steps by the ledger, which knows each once; plan and maintain by Redis, overdue ones included. */
  readonly waiting: number;
  /** Delayed jobs whose time has come: with no worker running nobody promotes them, so they are among those that wait. */
  readonly overdue: number;
  readonly active: number;
  /** Batches that objects not yet planned will make. */
  readonly coming: number;
  readonly bytes: number;
  readonly objects: number;
  readonly oldestSeconds: number;
  /** Bytes a second that arrived of late, files weighed with OPEN_COST_BYTES: whoever keeps up with them needs no backlog to be asked for. */
  readonly arriving: number;
}

/** What the answer shall hold to. */
export interface ScaleSettings {
  /** Jobs at once in one worker. */
  readonly concurrency: number;
  /** The backlog shall be done in this time. */
  readonly drainSeconds: number;
  /** When the oldest job waits longer, one more worker comes. */
  readonly oldestSeconds: number;
}

/** How fast one job at a time is done, files weighed with OPEN_COST_BYTES; undefined: nobody has noted it yet. */
export type BytesPerSecond = number | undefined;

/** How many workers the work at hand asks for, and why. */
export interface ScaleSignal {
  readonly desired: number;
  readonly waiting: number;
  readonly active: number;
  readonly overdue: number;
  /** Work that the ledger has open, whether or not Redis knows of it: jobs and batches to come. */
  readonly open: number;
  readonly workers: number;
  /** Queues that are paused: what waits in them asks for nobody. */
  readonly paused: readonly JobKind[];
  readonly backlogBytes: number;
  readonly backlogObjects: number;
  /** What the backlog takes one worker. */
  readonly backlogSeconds: number;
  readonly oldestAgeSeconds: number;
  /** Of the last minutes, files weighed. */
  readonly arrivingBytesPerSecond: number;
  /** Of one worker, files weighed; `measured` false: assumed. */
  readonly bytesPerSecondPerWorker: number;
  readonly measured: boolean;
  /** Workers that each reason alone asks for; `desired` is the greatest of them, but no more than there are jobs for. */
  readonly terms: {
    readonly active: number;
    readonly backlog: number;
    /** Workers whose own cost the time that they save is worth: the root of the backlog's seconds over 18. */
    readonly sharing: number;
    readonly arrivals: number;
    readonly oldestAge: number;
    readonly anyWork: number;
  };
  /** Workers for which there are jobs. */
  readonly atMost: number;
  readonly why: string;
}

/**
 * The most of: workers for the jobs that run (a busy one is never asked to go), for the backlog in bytes at the measured pace within the
 * drain time or, where that is more, the root of the backlog's seconds over 18, for what arrives while there is work, one more than there are once the oldest job waited too long, and one where there is any work; but no more than there are jobs for.
 * Paused queues ask for nobody but those who still work.
 */
export function decideScale(
  demands: readonly QueueDemand[],
  { concurrency, drainSeconds, oldestSeconds }: ScaleSettings,
  pace?: BytesPerSecond,
): ScaleSignal {
  const live = demands.filter(({ paused }) => !paused);
  const sum = (queues: readonly QueueDemand[], read: (demand: QueueDemand) => number) =>
    queues.reduce((total, demand) => total + read(demand), 0);
  const most = (read: (demand: QueueDemand) => number) => Math.max(0, ...live.map(read));
  const active = sum(demands, (demand) => demand.active);
  const waiting = sum(live, (demand) => demand.waiting);
  const open = waiting + sum(live, (demand) => demand.coming);
  const workers = Math.max(0, ...demands.map((demand) => demand.workers));
  const backlogBytes = sum(live, ({ bytes }) => bytes);
  const backlogObjects = sum(live, ({ objects }) => objects);
  const arriving = sum(live, (demand) => demand.arriving);
  const perWorker = (pace ?? ASSUMED_BYTES_PER_SECOND) * concurrency;
  const backlogSeconds = (backlogBytes + backlogObjects * OPEN_COST_BYTES) / perWorker;
  const oldestAgeSeconds = most((demand) => demand.oldestSeconds);
  const terms = {
    active: Math.ceil(active / concurrency),
    backlog: Math.ceil(backlogSeconds / drainSeconds),
    sharing: Math.ceil(Math.sqrt(backlogSeconds / WORTH_A_WORKER_SECONDS)),
    arrivals: open + active > 0 ? Math.ceil(arriving / perWorker - KEEP_UP_SLACK) : 0,
    oldestAge: open > 0 && oldestAgeSeconds > oldestSeconds ? workers + 1 : 0,
    anyWork: open + active > 0 ? 1 : 0,
  };
  // Between two batches there is no job for a moment, which is no reason to let those go who keep up.
  const atMost = Math.max(Math.ceil((active + open) / concurrency), terms.arrivals);
  const wanted = Math.max(...Object.values(terms));
  const signal = {
    desired: Math.min(wanted, atMost),
    waiting,
    active,
    overdue: sum(live, (demand) => demand.overdue),
    open,
    workers,
    paused: demands.filter(({ paused }) => paused).map(({ queue }) => queue),
    backlogBytes,
    backlogObjects,
    backlogSeconds: rounded(backlogSeconds),
    oldestAgeSeconds: rounded(oldestAgeSeconds),
    arrivingBytesPerSecond: Math.round(arriving),
    bytesPerSecondPerWorker: Math.round(perWorker),
    measured: pace !== undefined,
    terms,
    atMost,
  };
  return { ...signal, why: explain(signal, { concurrency, drainSeconds, oldestSeconds }) };
}

function explain(
  { desired, active, open, terms, atMost, paused, ...facts }: Omit<ScaleSignal, 'why'>,
  { concurrency, drainSeconds, oldestSeconds }: ScaleSettings,
): string {
  const aside = paused.length > 0 ? `; paused: ${paused.join(', ')}` : '';
  if (desired === 0) return `no work${aside}`;
  const reasons = {
    active: `${active} jobs run at ${concurrency} a worker`,
    backlog: `${megabytes(facts.backlogBytes)} in ${facts.backlogObjects} files take one worker ${Math.max(1, Math.ceil(facts.backlogSeconds))} s at the ${facts.measured ? 'measured' : 'assumed'} pace, and shall be done in ${drainSeconds} s`,
    sharing: `${megabytes(facts.backlogBytes)} in ${facts.backlogObjects} files take one worker ${Math.max(1, Math.ceil(facts.backlogSeconds))} s at the ${facts.measured ? 'measured' : 'assumed'} pace, worth ${terms.sharing} that share them`,
    arrivals: `${megabytes(facts.arrivingBytesPerSecond)} a second arrive, files weighed, and one worker does ${megabytes(facts.bytesPerSecondPerWorker)}`,
    oldestAge: `the oldest job waits ${Math.round(facts.oldestAgeSeconds)} s, longer than ${oldestSeconds} s: one more than the ${facts.workers} there are`,
    anyWork: `there is work for one (${open} open, ${active} running)`,
  };
  const wanted = Math.max(...Object.values(terms));
  const reason = (['backlog', 'active', 'arrivals', 'sharing', 'oldestAge', 'anyWork'] as const).find(
    (term) => terms[term] === wanted,
  );
  const bound = wanted > atMost ? `; ${wanted} would be too many: there are jobs for ${atMost}` : '';
  return `${reason === undefined ? '' : reasons[reason]}${bound}${aside}`;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

function rounded(value: number): number {
  return Math.round(value * 10) / 10;
}
