import type { openQueue, SimulatedJob } from './queue.js';
import type { Cluster } from './simulate.js';

/** What one slot of a pod really does; the signal has to find out. A job's own cost: claim, plan, commit, a target's transaction. */
const BYTES_PER_SECOND = 20e6;
const FILE_SECONDS = 0.006;
const JOB_SECONDS = 1.5;

interface Running {
  readonly job: SimulatedJob;
  readonly startedAt: number;
  readonly endsAt: number;
}

interface Pod {
  readonly readyAt: number;
  readonly running: Running[];
}

interface Leaving extends Pod {
  readonly goneAt: number;
}

interface Done {
  readonly minute: number;
  readonly bytes: number;
  readonly files: number;
  readonly busySeconds: number;
}

/** Pods that start late, take jobs from the queue, and when they are told to go end what they can in their time and hand back the rest. */
export function openPods(cluster: Cluster, queue: ReturnType<typeof openQueue>) {
  const pods: Pod[] = [];
  let leaving: Leaving[] = [];
  const done: Done[] = [];
  let handedBack = 0;
  return {
    /** Those that leave are paid for until they are gone. */
    count: () => pods.length + leaving.length,
    ready: (now: number) => pods.filter(({ readyAt }) => readyAt <= now).length,
    handedBack: () => handedBack,
    /** The newest pods go first, busy or not: that is whom Kubernetes takes, all else being equal. */
    scaleTo(wanted: number, now: number) {
      while (pods.length < wanted) pods.push({ readyAt: now + cluster.podStartSeconds, running: [] });
      while (pods.length > wanted) {
        const pod = pods.pop();
        if (pod !== undefined && pod.running.length > 0)
          leaving.push({ ...pod, goneAt: now + cluster.stopWithinSeconds });
      }
      // What is handed back begins anew on another pod: that it takes longer stands in the files' times.
      for (const { running, goneAt } of leaving) {
        if (goneAt > now) continue;
        for (const { job } of running.splice(0)) {
          queue.giveBack(job);
          handedBack++;
        }
      }
      leaving = leaving.filter(({ running }) => running.length > 0);
    },
    /** One second of work; true when something was loaded in it. */
    work(now: number): boolean {
      const attending = pods.filter(({ readyAt }) => readyAt <= now);
      if (attending.length > 0) queue.plan(now);
      let loaded = false;
      for (const { running } of [...attending, ...leaving]) {
        for (const one of running.filter(({ endsAt }) => endsAt <= now)) {
          running.splice(running.indexOf(one), 1);
          queue.load(one.job, now);
          loaded = true;
          const { bytes, files } = one.job;
          done.push({ minute: Math.floor(now / 60), bytes, files, busySeconds: now - one.startedAt });
        }
      }
      for (const { running } of attending) {
        while (running.length < cluster.concurrency) {
          const job = queue.take();
          if (job === undefined) break;
          const seconds = JOB_SECONDS + job.bytes / BYTES_PER_SECOND + job.files * FILE_SECONDS;
          running.push({ job, startedAt: now, endsAt: now + seconds });
        }
      }
      return loaded;
    },
    view() {
      const running = [...pods, ...leaving].flatMap((pod) => pod.running);
      const newest = new Set([...new Set(done.map(({ minute }) => minute))].slice(-10));
      while (done[0] !== undefined && newest.size === 10 && !newest.has(done[0].minute)) done.shift();
      const sum = <T>(list: readonly T[], read: (one: T) => number) =>
        list.reduce((total, one) => total + read(one), 0);
      return {
        active: running.length,
        activeBytes: sum(running, ({ job }) => job.bytes),
        activeFiles: sum(running, ({ job }) => job.files),
        done: {
          bytes: sum(done, ({ bytes }) => bytes),
          files: sum(done, ({ files }) => files),
          busySeconds: sum(done, ({ busySeconds }) => busySeconds),
        },
      };
    },
  };
}
