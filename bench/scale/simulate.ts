import type { Policy, View } from './policies.js';
import { openPods } from './pods.js';
import { openQueue } from './queue.js';
import type { Trace } from './traces.js';

/** How the simulated cluster behaves. */
export interface Cluster {
  /** From the decision until a pod takes work. */
  readonly podStartSeconds: number;
  readonly maxPods: number;
  readonly concurrency: number;
  readonly pollSeconds: number;
  /** The autoscaler looks at the most of this time before it scales down, and then takes one pod a minute. */
  readonly stabilizationSeconds: number;
}

export const CLUSTER: Cluster = {
  podStartSeconds: 45,
  maxPods: 30,
  concurrency: 2,
  pollSeconds: 15,
  stabilizationSeconds: 60,
};

export interface Played {
  /** From the first arrival until everything is loaded. */
  readonly drainSeconds: number;
  /** From a file's arrival to its load: median and 95th percentile over files. */
  readonly p50Seconds: number;
  readonly p95Seconds: number;
  readonly podSeconds: number;
  readonly mostPods: number;
  /** Jobs that pods had to hand back because they were told to go. */
  readonly handedBack: number;
}

/** Plays a trace second by second until all of it is loaded and the pods are gone, or half a day more has passed. */
export function simulate(trace: Trace, policy: Policy, cluster: Cluster = CLUSTER): Played {
  const queue = openQueue();
  const pods = openPods(cluster, queue);
  let [wanted, podSeconds, mostPods, firstAt, loadedAt] = [0, 0, 0, -1, 0];
  const asked: number[] = [];
  let downAt = 0;
  for (let now = 0; now < trace.seconds + 43_200; now++) {
    const arrivals = now < trace.seconds ? trace.at(now) : [];
    if (firstAt < 0 && arrivals.length > 0) firstAt = now;
    for (const one of arrivals) queue.arrive(one, now);
    if (pods.work(now)) loadedAt = now;
    podSeconds += pods.count();
    mostPods = Math.max(mostPods, pods.count());
    if (now % cluster.pollSeconds === 0) {
      asked.push(Math.min(cluster.maxPods, policy.desired(viewOf(queue, pods, { cluster, now }))));
      if (asked.length > cluster.stabilizationSeconds / cluster.pollSeconds) asked.shift();
      const latest = asked.at(-1) ?? 0;
      const stable = Math.max(...asked);
      if (latest > wanted) wanted = latest;
      else if (stable < wanted && now - downAt >= 60) [wanted, downAt] = [wanted - 1, now];
      pods.scaleTo(wanted, now);
    }
    if (now >= trace.seconds && queue.empty() && pods.count() === 0) break;
  }
  const [p50Seconds, p95Seconds] = queue.latencies();
  const drainSeconds = loadedAt - Math.max(0, firstAt) + 1;
  return { drainSeconds, p50Seconds, p95Seconds, podSeconds, mostPods, handedBack: pods.handedBack() };
}

function viewOf(
  queue: ReturnType<typeof openQueue>,
  pods: ReturnType<typeof openPods>,
  { cluster, now }: { cluster: Cluster; now: number },
): View {
  return { concurrency: cluster.concurrency, pods: pods.ready(now), ...queue.view(now), ...pods.view() };
}
