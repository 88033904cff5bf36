import { type AutoscalerSettings, openAutoscaler } from './autoscaler.js';
import type { Policy, View } from './policies.js';
import { openPods } from './pods.js';
import { openQueue } from './queue.js';
import type { Trace } from './traces.js';

/** How the simulated cluster behaves, whoever scales it. */
export interface Cluster {
  /** From the decision until a pod takes work. */
  readonly podStartSeconds: number;
  readonly concurrency: number;
  /** A pod that is told to go may end its jobs in this time. */
  readonly stopWithinSeconds: number;
}

/** A pod's start on a node that has the image; concurrency and time to stop as in the chart. */
export const CLUSTER: Cluster = { podStartSeconds: 45, concurrency: 2, stopWithinSeconds: 60 };

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

/** A metric, and the ScaledObject that follows it. `phase`: by how many seconds the autoscaler's clocks are late. */
export interface Scaling {
  readonly policy: Policy;
  readonly settings: AutoscalerSettings;
  readonly phase?: number;
}

/** Plays a trace second by second until all of it is loaded and the pods are gone, or half a day more has passed. */
export function simulate(trace: Trace, { policy, settings, phase = 0 }: Scaling, cluster: Cluster = CLUSTER): Played {
  const queue = openQueue();
  const pods = openPods(cluster, queue);
  const autoscaler = openAutoscaler(settings, phase);
  let [podSeconds, mostPods, firstAt, loadedAt] = [0, 0, -1, 0];
  for (let now = 0; now < trace.seconds + 43_200; now++) {
    const arrivals = now < trace.seconds ? trace.at(now) : [];
    if (firstAt < 0 && arrivals.length > 0) firstAt = now;
    for (const one of arrivals) queue.arrive(one, now);
    if (pods.work(now)) loadedAt = now;
    podSeconds += pods.count();
    mostPods = Math.max(mostPods, pods.count());
    const wanted = autoscaler.step(now, () => policy.desired(viewOf(queue, pods, { cluster, now })));
    pods.scaleTo(wanted, now);
    if (now >= trace.seconds && queue.empty() && pods.count() <= settings.minPods) break;
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
