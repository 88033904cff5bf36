import type { FigureName } from '../harness/catalogue.js';
import { valueResult } from '../harness/result.js';
import { rounded } from '../harness/statistics.js';
import type { Bench } from '../suite.js';
import { type AutoscalerSettings, KEDA_DEFAULTS, OF_THE_CHART } from './autoscaler.js';
import { type Policy, queueLength, signal } from './policies.js';
import { type Played, simulate } from './simulate.js';
import { openTraces, type TraceName, TRACE_NAMES } from './traces.js';

/** Days of the same kind over which every figure is the mean. */
export const SEEDS = [1, 2, 3] as const;

/** Half as much, what the trace says, and twice as much. */
const RATES = [1, 0.5, 2] as const;

/** Five jobs a pod is KEDA's default; the others show that no other number is ahead. */
const JOBS_PER_POD = [5, 1, 2, 10] as const;

export interface Case {
  readonly trace: TraceName;
  readonly rate?: number;
  readonly seeds?: readonly number[];
  /** Pods that always stay. */
  readonly minPods?: number;
}

/** Plays a trace against the scale signal, which the chart's ScaledObject follows; the mean over the seeds. */
export function playSignal(what: Case): Played {
  return play(what, { policy: signal, settings: OF_THE_CHART });
}

/** Plays a trace against plain queue-length scaling, with a ScaledObject that leaves everything at its default. */
export function playQueueLength(what: Case, jobsPerPod = 5): Played {
  return play(what, { policy: queueLength(jobsPerPod), settings: KEDA_DEFAULTS });
}

/** One flood drains when its last file is loaded; where files keep coming, what counts is how long each took. */
export function drainOf(trace: TraceName, { drainSeconds, p95Seconds }: Played): number {
  return trace === 'burst' ? drainSeconds : p95Seconds;
}

/** Plays every trace against the scale signal and against plain queue-length scaling, prints both, and adds their ratios. */
export function compareAutoscaling(bench: Pick<Bench, 'note' | 'add' | 'quick'>): void {
  const seeds = bench.quick ? SEEDS.slice(0, 1) : SEEDS;
  for (const rate of bench.quick ? RATES.slice(0, 1) : RATES) {
    for (const trace of TRACE_NAMES) {
      const what: Case = { trace, rate, seeds };
      const ours = playSignal(what);
      bench.note(line(what, signal, ours));
      const plain = playQueueLength(what);
      for (const jobs of rate === 1 ? JOBS_PER_POD : JOBS_PER_POD.slice(0, 1))
        bench.note(line(what, queueLength(jobs), jobs === 5 ? plain : playQueueLength(what, jobs)));
      if (rate === 1) addRatios(bench, trace, { ours, plain });
    }
  }
}

function addRatios(
  bench: Pick<Bench, 'add'>,
  trace: TraceName,
  { ours, plain }: { readonly ours: Played; readonly plain: Played },
): void {
  const add = (name: FigureName, ratio: number) =>
    bench.add(valueResult(name, ratio, [ratio], { signal: { ...ours }, queueLength: { ...plain } }));
  add(`scale/autoscale-${trace}-drain`, drainOf(trace, ours) / drainOf(trace, plain));
  add(`scale/autoscale-${trace}-pod-seconds`, ours.podSeconds / plain.podSeconds);
}

function play(
  { trace, rate = 1, seeds = SEEDS, minPods = 0 }: Case,
  { policy, settings }: { readonly policy: Policy; readonly settings: AutoscalerSettings },
): Played {
  const played = seeds.flatMap((seed) =>
    openTraces({ rate, seed })
      .filter(({ name }) => name === trace)
      .map((one) => simulate(one, { policy, settings: { ...settings, minPods }, phase: seed * 11 })),
  );
  const mean = (read: (one: Played) => number) => played.reduce((sum, one) => sum + read(one), 0) / played.length;
  return {
    drainSeconds: mean((one) => one.drainSeconds),
    p50Seconds: mean((one) => one.p50Seconds),
    p95Seconds: mean((one) => one.p95Seconds),
    podSeconds: mean((one) => one.podSeconds),
    mostPods: Math.max(...played.map((one) => one.mostPods)),
    handedBack: mean((one) => one.handedBack),
  };
}

function line({ trace, rate = 1 }: Case, policy: Policy, played: Played): string {
  const { p50Seconds, p95Seconds, podSeconds, mostPods, handedBack } = played;
  const drain = trace === 'burst' ? `, all in ${rounded(played.drainSeconds)} s` : '';
  return (
    `  ${`${trace} x${rate}`.padEnd(13)}${policy.name.padEnd(18)} arrival to loaded p50 ${rounded(p50Seconds)} s, p95 ${rounded(p95Seconds)} s${drain}; ` +
    `${Math.round(podSeconds)} pod-seconds, at most ${mostPods} pods, ${rounded(handedBack)} jobs cut off`
  );
}
