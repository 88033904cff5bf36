import type { Arrivals } from './traces.js';

const TARGET_BYTES = 256e6;
const MAX_FILES = 2000;
const MAX_WAIT_SECONDS = 60;
const RATE_SECONDS = 300;

/** A batch as one job. */
export interface SimulatedJob {
  readonly bytes: number;
  readonly files: number;
  readonly since: number;
  /** When how many of its files arrived. */
  readonly arrived: readonly (readonly [second: number, files: number])[];
}

interface Pending {
  bytes: number;
  files: number;
  since: number;
  arrived: [number, number][];
  /** Since when its plan is in the queue; undefined: nothing to plan yet. */
  planSince: number | undefined;
}

/** Files on their way: arrived, planned into batches as Sluice plans them, waiting as jobs, and loaded. */
export function openQueue() {
  const pending = new Map<number, Pending>();
  const jobs: SimulatedJob[] = [];
  const loaded: [number, number][] = [];
  const newest: { readonly at: number; readonly bytes: number; readonly files: number }[] = [];
  const due = (one: Pending, now: number) =>
    one.files > 0 && (one.planSince !== undefined || now - one.since >= MAX_WAIT_SECONDS);
  const close = (one: Pending, now: number) => {
    const parts = Math.max(1, Math.floor(Math.max(one.bytes / TARGET_BYTES, one.files / MAX_FILES)));
    const share = { bytes: one.bytes / parts, files: one.files / parts };
    const arrived = one.arrived.map(([at, files]) => [at, files / parts] as const);
    for (let part = 0; part < parts; part++) jobs.push({ ...share, since: now, arrived });
    Object.assign(one, { bytes: 0, files: 0, arrived: [] });
  };
  return {
    arrive({ dataset, files, bytes }: Arrivals, now: number) {
      newest.push({ at: now, bytes, files });
      const one = pending.get(dataset) ?? { bytes: 0, files: 0, since: now, arrived: [], planSince: undefined };
      if (one.files === 0) one.since = now;
      one.bytes += bytes;
      one.files += files;
      one.arrived.push([now, files]);
      one.planSince ??= now; // the first arrival after a plan raises the next one
      pending.set(dataset, one);
    },
    /** Runs the plan jobs, which takes a worker next to no time: full batches close at once, others when they have waited. */
    plan(now: number) {
      for (const one of pending.values()) {
        if (!due(one, now)) continue;
        const full = one.bytes >= TARGET_BYTES || one.files >= MAX_FILES;
        if (full || now - one.since >= MAX_WAIT_SECONDS) close(one, now);
        one.planSince = undefined;
      }
    },
    take: () => jobs.shift(),
    giveBack: (job: SimulatedJob) => void jobs.unshift(job),
    load({ arrived }: SimulatedJob, now: number) {
      for (const [at, files] of arrived) loaded.push([now - at, files]);
    },
    empty: () => jobs.length === 0 && [...pending.values()].every(({ files }) => files === 0),
    view(now: number) {
      const plans = [...pending.values()].filter((one) => due(one, now));
      const sum = <T>(list: readonly T[], read: (one: T) => number) =>
        list.reduce((total, one) => total + read(one), 0);
      while (newest[0] !== undefined && newest[0].at <= now - RATE_SECONDS) newest.shift();
      return {
        plans: plans.length,
        arrivingBytes: sum(newest, ({ bytes }) => bytes) / RATE_SECONDS,
        arrivingFiles: sum(newest, ({ files }) => files) / RATE_SECONDS,
        arrivedBytes: sum(plans, ({ bytes }) => bytes),
        arrivedFiles: sum(plans, ({ files }) => files),
        waiting: jobs.length,
        waitingBytes: sum(jobs, ({ bytes }) => bytes),
        waitingFiles: sum(jobs, ({ files }) => files),
        oldestSeconds: Math.max(0, ...jobs.map(({ since }) => now - since)),
      };
    },
    /** Median and 95th percentile over files. */
    latencies(): readonly [number, number] {
      const sorted = loaded.toSorted(([a], [b]) => a - b);
      const all = sorted.reduce((total, [, files]) => total + files, 0);
      const at = (share: number) => {
        let seen = 0;
        return sorted.find(([, files]) => (seen += files) >= all * share - 1e-6)?.[0] ?? 0;
      };
      return [at(0.5), at(0.95)];
    },
  };
}
