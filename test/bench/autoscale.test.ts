import { describe, expect, it } from 'vitest';
import { KEDA_DEFAULTS, OF_THE_CHART, openAutoscaler } from '../../bench/scale/autoscaler.js';
import { drainOf, playQueueLength, playSignal, SEEDS } from '../../bench/scale/compare.js';
import { TRACE_NAMES, type TraceName } from '../../bench/scale/traces.js';

const RATES = [0.5, 1, 2];
/** Those of a twice as heavy day in which one side is paid for by the other. */
const TRADES: readonly (readonly [TraceName, number])[] = [
  ['steady', 2],
  ['trickle', 2],
];

describe('the autoscaler in simulation', () => {
  const cases = TRACE_NAMES.flatMap((trace) =>
    RATES.map((rate) => ({
      trace,
      rate,
      seeds: trace === 'wave' ? SEEDS.slice(0, 1) : SEEDS,
    })),
  );

  it.each(cases.filter(({ trace, rate }) => !TRADES.some(([name, times]) => name === trace && times === rate)))(
    'drains $trace times $rate sooner than queue-length scaling, with fewer pod-seconds',
    (what) => {
      const [ours, plain] = [playSignal(what), playQueueLength(what)];
      expect(drainOf(what.trace, ours)).toBeLessThan(drainOf(what.trace, plain));
      expect(ours.podSeconds).toBeLessThan(plain.podSeconds);
      expect(ours.handedBack).toBe(0);
    },
  );

  it('is sooner than queue-length scaling in twice the steady load, for more pods', () => {
    const what = { trace: 'steady', rate: 2 } as const;
    const [ours, plain] = [playSignal(what), playQueueLength(what)];
    expect(ours.p95Seconds).toBeLessThan(plain.p95Seconds - 5);
    expect(ours.podSeconds).toBeLessThan(plain.podSeconds * 1.25);
  });

  it('takes few pods for many tiny jobs, where the length of the queue asks for dozens', () => {
    expect(playSignal({ trace: 'trickle' }).mostPods).toBe(2);
    expect(playQueueLength({ trace: 'trickle' }, 1).mostPods).toBeGreaterThan(20);
  });

  it.each(TRACE_NAMES.filter((name) => name !== 'wave'))(
    'is beaten on both sides in the %s trace by no number of jobs a pod',
    (trace) => {
      const ours = playSignal({ trace });
      for (const jobs of [1, 2, 5, 10]) {
        const plain = playQueueLength({ trace }, jobs);
        const isSooner = drainOf(trace, plain) < drainOf(trace, ours);
        expect(isSooner && plain.podSeconds < ours.podSeconds).toBe(false);
      }
    },
  );
});

describe('the simulated autoscaler', () => {
  const play = (settings: typeof KEDA_DEFAULTS, seconds: number, metric: (now: number) => number) => {
    const autoscaler = openAutoscaler(settings);
    return Array.from({ length: seconds }, (_, now) => autoscaler.step(now, () => metric(now)));
  };

  it('goes from none to one when it polls, and from there by four pods or twofold every 15 s', () => {
    const pods = play(KEDA_DEFAULTS, 120, (now) => (now < 10 ? 0 : 100));
    expect(pods[29]).toBe(0);
    expect(pods[30]).toBe(1);
    expect([...new Set(pods)]).toEqual([0, 1, 5, 10, 20, 30]);
  });

  it('leaves the number alone while the metric is off by less than a tenth', () => {
    const pods = play({ ...KEDA_DEFAULTS, minPods: 10 }, 60, () => 10.9);
    expect(new Set(pods)).toEqual(new Set([10]));
    expect(play({ ...KEDA_DEFAULTS, minPods: 10 }, 60, () => 11.1).at(-1)).toBe(12);
  });

  it('goes down after the stabilization window: all at once by default, one a minute by the chart', () => {
    const metric = (now: number) => (now < 200 ? 8 : 1);
    expect(new Set(play(KEDA_DEFAULTS, 600, metric).slice(200))).toEqual(new Set([8, 1]));
    expect(new Set(play(OF_THE_CHART, 900, metric).slice(200))).toEqual(new Set([8, 7, 6, 5, 4, 3, 2, 1]));
  });

  it('takes the last pods after the cooldown, but not those that always stay', () => {
    const metric = (now: number) => (now < 60 ? 1 : 0);
    const pods = play(KEDA_DEFAULTS, 400, metric);
    expect(pods[320]).toBe(1);
    expect(pods[330]).toBe(0);
    expect(play({ ...KEDA_DEFAULTS, minPods: 1 }, 400, metric).at(-1)).toBe(1);
  });
});
