import type { FigureName } from '../harness/catalogue.js';
import { valueResult } from '../harness/result.js';
import { rounded } from '../harness/statistics.js';
import type { Bench } from '../suite.js';
import { type Policy, queueLength, signal } from './policies.js';
import { CLUSTER, type Played, simulate } from './simulate.js';
import { type Trace, TRACES } from './traces.js';

/**
 * Plain queue-length scaling keeps the autoscaler's default of 300 s before it scales down: its queue is empty while jobs run. The
 * signal counts what runs, so the chart lets it go down after 60 s.
 */
const PLAIN_CLUSTER = { ...CLUSTER, stabilizationSeconds: 300 };

/** Five jobs a pod is KEDA's default; the others show that no other number is ahead. */
const JOBS_PER_POD = [5, 1, 2, 10] as const;

/** Plays every trace against the scale signal and against plain queue-length scaling, prints both, and adds their ratios. */
export function compareAutoscaling(bench: Pick<Bench, 'note' | 'add' | 'quick'>): void {
  for (const trace of TRACES) {
    if (bench.quick && trace.name === 'wave') addRatios(bench, { ...trace, seconds: 3600 });
    else addRatios(bench, trace);
  }
}

function addRatios(bench: Pick<Bench, 'note' | 'add'>, trace: Trace): void {
  const ours = simulate(trace, signal);
  bench.note(line(trace, signal, ours));
  const [plain] = JOBS_PER_POD.map((jobs) => {
    const played = simulate(trace, queueLength(jobs), PLAIN_CLUSTER);
    bench.note(line(trace, queueLength(jobs), played));
    return played;
  });
  if (plain === undefined) return;
  const add = (name: FigureName, ratio: number) =>
    bench.add(valueResult(name, ratio, [ratio], { signal: { ...ours }, queueLength: { ...plain } }));
  add(`scale/autoscale-${trace.name}-drain`, drainOf(trace, ours) / drainOf(trace, plain));
  add(`scale/autoscale-${trace.name}-pod-seconds`, ours.podSeconds / plain.podSeconds);
}

/** One flood drains when its last file is loaded; where files keep coming, what counts is how long each took. */
function drainOf({ name }: Trace, { drainSeconds, p95Seconds }: Played): number {
  return name === 'burst' ? drainSeconds : p95Seconds;
}

function line(trace: Trace, policy: Policy, played: Played): string {
  const { p50Seconds, p95Seconds, podSeconds, mostPods, handedBack } = played;
  const drain = trace.name === 'burst' ? `, all in ${played.drainSeconds} s` : '';
  return (
    `  ${trace.name.padEnd(8)}${policy.name.padEnd(18)} arrival to loaded p50 ${p50Seconds} s, p95 ${p95Seconds} s${drain}; ` +
    `${Math.round(podSeconds)} pod-seconds, at most ${mostPods} pods, ${rounded(handedBack)} jobs cut off`
  );
}
