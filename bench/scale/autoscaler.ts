/** How often the horizontal autoscaler of Kubernetes looks, and by how much a metric must be off before it acts: its defaults. */
const SYNC_SECONDS = 15;
const TOLERANCE = 0.1;

/** How many pods may come or go within a time: the most of both. */
export interface PaceLimit {
  readonly pods: number;
  readonly percent: number;
  readonly periodSeconds: number;
}

/** A ScaledObject, as far as its time matters. */
export interface AutoscalerSettings {
  /** KEDA looks this often whether there is any work at all. */
  readonly pollSeconds: number;
  /** It takes the last pods this long after it saw work. */
  readonly cooldownSeconds: number;
  readonly minPods: number;
  readonly maxPods: number;
  /** Before it scales down the autoscaler goes by the most that was asked for in this time. */
  readonly stabilizationSeconds: number;
  readonly up: PaceLimit;
  readonly down: PaceLimit;
}

/** What KEDA and Kubernetes do when a ScaledObject says nothing of it. */
export const KEDA_DEFAULTS: AutoscalerSettings = {
  pollSeconds: 30,
  cooldownSeconds: 300,
  minPods: 0,
  maxPods: 30,
  stabilizationSeconds: 300,
  up: { pods: 4, percent: 100, periodSeconds: 15 },
  down: { pods: 0, percent: 100, periodSeconds: 15 },
};

/** What the chart sets. */
export const OF_THE_CHART: AutoscalerSettings = {
  ...KEDA_DEFAULTS,
  pollSeconds: 15,
  cooldownSeconds: 120,
  stabilizationSeconds: 60,
  up: { pods: 10, percent: 100, periodSeconds: 15 },
  down: { pods: 1, percent: 0, periodSeconds: 60 },
};

/**
 * KEDA and the autoscaler that it makes: KEDA itself goes from none to one and, after the cooldown, from any number to none; in between the
 * autoscaler decides, which asks for the metric on its own clock (kubernetes.io, horizontal pod autoscaling: algorithm, tolerance,
 * stabilization window, scaling policies; keda.sh, ScaledObject: pollingInterval, cooldownPeriod). `phase`: by how many seconds its
 * clocks are late.
 */
export function openAutoscaler(settings: AutoscalerSettings, phase = 0) {
  let pods = settings.minPods;
  let activeAt = Number.NEGATIVE_INFINITY;
  let asked: { readonly at: number; readonly pods: number }[] = [];
  let changes: { readonly at: number; readonly by: number }[] = [];
  const change = (to: number, now: number) => {
    if (to !== pods) changes.push({ at: now, by: to - pods });
    pods = to;
  };
  const poll = (metric: number, now: number) => {
    if (metric > 0) activeAt = now;
    if (settings.minPods > 0) return;
    if (pods === 0 && metric > 0) pods = 1;
    else if (metric <= 0 && now - activeAt >= settings.cooldownSeconds) pods = 0;
  };
  const sync = (metric: number, now: number) => {
    const least = Math.max(1, settings.minPods);
    const isNear = Math.abs(metric / pods - 1) <= TOLERANCE;
    const wanted = Math.min(settings.maxPods, Math.max(least, isNear ? pods : Math.ceil(metric)));
    asked = [...asked.filter(({ at }) => at > now - settings.stabilizationSeconds), { at: now, pods: wanted }];
    changes = changes.filter(({ at }) => at > now - Math.max(settings.up.periodSeconds, settings.down.periodSeconds));
    if (wanted > pods) return change(Math.min(wanted, highest(settings.up, { pods, changes, now })), now);
    const stable = Math.min(pods, Math.max(...asked.map((one) => one.pods)));
    change(Math.max(stable, lowest(settings.down, { pods, changes, now })), now);
  };
  return {
    /** One second; `metric` gives the metric over its target. Returns how many pods there shall be. */
    step(now: number, metric: () => number): number {
      if ((now + phase) % settings.pollSeconds === 0) poll(metric(), now);
      if ((now + phase + 7) % SYNC_SECONDS === 0 && pods > 0) sync(metric(), now);
      return pods;
    },
  };
}

interface Changing {
  readonly pods: number;
  readonly changes: readonly { readonly at: number; readonly by: number }[];
  readonly now: number;
}

function highest({ pods: most, percent, periodSeconds }: PaceLimit, { pods, changes, now }: Changing): number {
  const came = changes.filter(({ at, by }) => by > 0 && at > now - periodSeconds).reduce((sum, { by }) => sum + by, 0);
  return Math.max(pods - came + most, Math.ceil((pods - came) * (1 + percent / 100)));
}

function lowest({ pods: most, percent, periodSeconds }: PaceLimit, { pods, changes, now }: Changing): number {
  const went = changes.filter(({ at, by }) => by < 0 && at > now - periodSeconds).reduce((sum, { by }) => sum - by, 0);
  return Math.min(pods + went - most, Math.floor((pods + went) * (1 - percent / 100)));
}
