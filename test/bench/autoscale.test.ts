import { describe, expect, it } from 'vitest';
import { queueLength, signal } from '../../bench/scale/policies.js';
import { CLUSTER, simulate } from '../../bench/scale/simulate.js';
import { type Trace, TRACES } from '../../bench/scale/traces.js';

const traceOf = (name: string): Trace => TRACES.find((trace) => trace.name === name)!;
const PLAIN = { ...CLUSTER, stabilizationSeconds: 300 };

describe('the autoscaler in simulation', () => {
  it('drains a burst of 50,000 files sooner than queue-length scaling, with fewer pod-seconds', () => {
    const ours = simulate(traceOf('burst'), signal);
    const plain = simulate(traceOf('burst'), queueLength(5), PLAIN);
    expect(ours.drainSeconds).toBeLessThan(plain.drainSeconds);
    expect(ours.podSeconds).toBeLessThan(plain.podSeconds);
  });

  it('keeps up with a day that swells and ebbs sooner than queue-length scaling, with fewer pod-seconds', () => {
    const ours = simulate(traceOf('wave'), signal);
    const plain = simulate(traceOf('wave'), queueLength(5), PLAIN);
    expect(ours.p95Seconds).toBeLessThan(plain.p95Seconds);
    expect(ours.podSeconds).toBeLessThan(plain.podSeconds);
  });

  it.each(['steady', 'burst', 'wave', 'trickle'])('cuts no job off in the %s trace', (name) => {
    expect(simulate(traceOf(name), signal).handedBack).toBe(0);
  });

  it('keeps one pod for many tiny jobs, where the length of the queue asks for dozens', () => {
    expect(simulate(traceOf('trickle'), signal).mostPods).toBe(1);
    expect(simulate(traceOf('trickle'), queueLength(1), PLAIN).mostPods).toBe(CLUSTER.maxPods);
  });

  it.each(['steady', 'burst', 'wave', 'trickle'])(
    'is beaten on both sides in the %s trace by no number of jobs a pod',
    (name) => {
      const ours = simulate(traceOf(name), signal);
      for (const jobs of [1, 2, 5, 10]) {
        const plain = simulate(traceOf(name), queueLength(jobs), PLAIN);
        expect([plain.p95Seconds < ours.p95Seconds, plain.podSeconds < ours.podSeconds]).not.toEqual([true, true]);
      }
    },
  );
});
