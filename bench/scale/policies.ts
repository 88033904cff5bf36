import { type BytesPerSecond, decideScale, OPEN_COST_BYTES } from '../../src/console/scale.js';

/** What an autoscaler can see of the simulated Sluice. */
export interface View {
  readonly concurrency: number;
  readonly pods: number;
  /** Plan jobs in the queue. */
  readonly plans: number;
  /** Compact jobs in the queue. */
  readonly waiting: number;
  readonly waitingBytes: number;
  readonly waitingFiles: number;
  readonly active: number;
  readonly activeBytes: number;
  readonly activeFiles: number;
  /** Files whose plan is due. */
  readonly arrivedBytes: number;
  readonly arrivedFiles: number;
  readonly oldestSeconds: number;
  /** Of the last five minutes, a second. */
  readonly arrivingBytes: number;
  readonly arrivingFiles: number;
  /** What the newest ten busy minutes did. */
  readonly done: { readonly bytes: number; readonly files: number; readonly busySeconds: number };
}

/** An autoscaler's metric over its target: pods that it asks for. */
export interface Policy {
  readonly name: string;
  desired(view: View): number;
}

const TARGET_BYTES = 256e6;
const MAX_FILES = 2000;

/** The signal of /v1/scale with its defaults. */
export const signal: Policy = {
  name: 'scale signal',
  desired(view) {
    const { bytes, files, busySeconds } = view.done;
    const pace: BytesPerSecond = busySeconds > 0 ? (bytes + files * OPEN_COST_BYTES) / busySeconds : undefined;
    const queue = { paused: false, workers: view.pods, overdue: 0, oldestSeconds: 0, arriving: 0 };
    const coming = Math.ceil(Math.max(view.arrivedBytes / TARGET_BYTES, view.arrivedFiles / MAX_FILES));
    return decideScale(
      [
        { ...queue, queue: 'plan', waiting: view.plans, active: 0, coming: 0, bytes: 0, objects: 0 },
        {
          ...queue,
          queue: 'compact',
          waiting: view.waiting,
          active: view.active,
          coming,
          bytes: view.waitingBytes + view.activeBytes / 2 + view.arrivedBytes,
          objects: view.waitingFiles + view.activeFiles / 2 + view.arrivedFiles,
          oldestSeconds: view.oldestSeconds,
          arriving: view.arrivingBytes + view.arrivingFiles * OPEN_COST_BYTES,
        },
      ],
      { concurrency: view.concurrency, drainSeconds: 120, oldestSeconds: 600 },
      pace,
    ).desired;
  },
};

/**
 * What guides for KEDA show: one Redis trigger a queue on the length of its list, `jobsPerPod` jobs for each pod (5 is the default of
 * `listLength`); the autoscaler takes the most of the triggers.
 */
export function queueLength(jobsPerPod: number): Policy {
  return {
    name: `queue length / ${jobsPerPod}`,
    desired: ({ plans, waiting }) => Math.max(plans, waiting) / jobsPerPod,
  };
}
