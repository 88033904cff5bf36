import type { JobKind } from '../shared/jobs/catalogue.js';
import type { Ledger, Pace } from '../shared/ledger/port.js';
import type { Outcome } from '../shared/outcome.js';

/** How often a worker tells the ledger what it did. */
const NOTE_MS = 15_000;

/** Sums up what jobs did, and notes it in the ledger for the autoscaler. */
export interface PaceNotes {
  /** One job ended well after `seconds`; those that moved no data count for nothing. */
  jobDone(kind: JobKind, outcome: Outcome, seconds: number): void;
  /** Notes what is left. */
  close(): Promise<void>;
}

/** Opens the notes. A ledger that is away loses a minute of the pace, which hurts nobody. */
export function openPaceNotes(ledger: Pick<Ledger, 'scale'>): PaceNotes {
  let sums = new Map<JobKind, Pace>();
  const note = async () => {
    const paces = [...sums.values()];
    sums = new Map();
    await ledger.scale.notePaces(paces).catch(() => {});
  };
  const timer = setInterval(() => void note(), NOTE_MS);
  timer.unref();
  return {
    jobDone(kind, outcome, seconds) {
      if (outcome.kind !== 'done') return;
      const { bytes = 0, objects = 0 } = outcome.summary ?? {};
      if (typeof bytes !== 'number' || typeof objects !== 'number' || bytes + objects === 0) return;
      const sum = sums.get(kind) ?? { kind, jobs: 0, busySeconds: 0, bytes: 0, objects: 0 };
      sums.set(kind, {
        kind,
        jobs: sum.jobs + 1,
        busySeconds: sum.busySeconds + seconds,
        bytes: sum.bytes + bytes,
        objects: sum.objects + objects,
      });
    },
    async close() {
      clearInterval(timer);
      await note();
    },
  };
}
