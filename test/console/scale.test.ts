import { describe, expect, it } from 'vitest';
import { decideScale, OPEN_COST_BYTES, type QueueDemand } from '../../src/console/scale.js';
import { fc } from '../support/fc.js';

const SETTINGS = { concurrency: 2, drainSeconds: 100, oldestSeconds: 600 };
/** One worker with two jobs at once does 20 MB/s. */
const PACE = 10e6;

const demand = (over: Partial<QueueDemand> = {}): QueueDemand => ({
  queue: 'compact',
  paused: false,
  workers: 0,
  waiting: 0,
  overdue: 0,
  active: 0,
  coming: 0,
  bytes: 0,
  objects: 0,
  oldestSeconds: 0,
  arriving: 0,
  ...over,
});

describe('decideScale', () => {
  it.each<[string, Partial<QueueDemand>, number, RegExp]>([
    ['nobody for no work', {}, 0, /^no work$/],
    ['one for one small job', { waiting: 1, bytes: 1000, objects: 1 }, 1, /take one worker 1 s/],
    ['one for twenty small jobs', { waiting: 20, bytes: 20_000, objects: 20 }, 1, /take one worker 1 s/],
    [
      'as many as bring 10 GB home in time',
      { waiting: 40, bytes: 10e9, objects: 40 },
      6,
      /10000\.0 MB in 40 files take one worker 501 s at the measured pace, and shall be done in 100 s/,
    ],
    ['for tiny files by what opening them costs', { waiting: 40, bytes: 1e6, objects: 50_000 }, 7, /50000 files/],
    [
      'no more than there are jobs for',
      { waiting: 3, bytes: 100e9, objects: 3 },
      2,
      /; 51 would be too many: there are jobs for 2$/,
    ],
    ['for those that run, whatever waits', { active: 7, waiting: 1, bytes: 9, objects: 1 }, 4, /^7 jobs run at 2/],
    ['for objects that nobody has planned yet', { coming: 8, bytes: 8e9, objects: 100 }, 4, /measured pace/],
    [
      'for one more than there are when the oldest waits too long',
      { waiting: 9, workers: 3, oldestSeconds: 700, bytes: 9, objects: 9 },
      4,
      /^the oldest job waits 700 s, longer than 600 s: one more than the 3 there are$/,
    ],
    [
      'for those who keep up with what arrives, before there is a backlog',
      { waiting: 1, bytes: 1e6, objects: 1, arriving: 63e6 },
      4,
      /^63\.0 MB a second arrive, files weighed, and one worker does 20\.0 MB$/,
    ],
    [
      'for more than the drain time wants where the time saved is worth a worker',
      { waiting: 40, bytes: 1e9, objects: 40 },
      2,
      /take one worker 51 s at the measured pace, worth 2 that share them$/,
    ],
    ['for nobody when all that arrived is done', { arriving: 63e6 }, 0, /^no work$/],
    ['for one when only its files are known', { waiting: 1 }, 1, /work for one/],
  ])('asks for %s', (_name, over, desired, why) => {
    const signal = decideScale([demand(over)], SETTINGS, PACE);
    expect(signal.desired).toBe(desired);
    expect(signal.why).toMatch(why);
  });

  it('counts overdue jobs, which nobody promotes while no worker runs', () => {
    const signal = decideScale([demand({ queue: 'plan', waiting: 4, overdue: 4 })], SETTINGS, PACE);
    expect(signal).toMatchObject({ desired: 1, overdue: 4, open: 4 });
  });

  it('asks for nobody for what waits in a paused queue, but keeps who works on it', () => {
    const waits = demand({ paused: true, waiting: 50, coming: 5, bytes: 1e12, objects: 50, oldestSeconds: 9999 });
    expect(decideScale([waits], SETTINGS, PACE)).toMatchObject({
      desired: 0,
      paused: ['compact'],
      why: 'no work; paused: compact',
    });
    expect(decideScale([{ ...waits, active: 3 }], SETTINGS, PACE)).toMatchObject({ desired: 2, active: 3 });
  });

  it('takes an assumed pace, and says so, until workers have noted theirs', () => {
    const signal = decideScale([demand({ waiting: 99, bytes: 16e9, objects: 1 })], SETTINGS);
    expect(signal).toMatchObject({ desired: 11, measured: false, bytesPerSecondPerWorker: 16_000_000 });
    expect(signal.why).toContain('assumed pace');
  });

  it('never asks busy workers to go, never for more than there are jobs, and never for fewer when more waits', () => {
    const count = fc.nat(1000);
    const demands = fc.record({
      waiting: count,
      active: count,
      coming: count,
      workers: count,
      bytes: fc.nat(1e12),
      objects: fc.nat(1e6),
      oldestSeconds: fc.nat(5000),
      paused: fc.boolean(),
    });
    fc.assert(
      fc.property(demands, fc.nat(1e12), (over, more) => {
        const one = demand(over);
        const { desired, active, open } = decideScale([one], SETTINGS, PACE);
        expect(desired).toBeGreaterThanOrEqual(Math.ceil(active / 2));
        expect(desired).toBeLessThanOrEqual(Math.ceil((active + open) / 2));
        expect(desired > 0).toBe(active + open > 0);
        expect(decideScale([{ ...one, bytes: one.bytes + more }], SETTINGS, PACE).desired).toBeGreaterThanOrEqual(
          desired,
        );
      }),
    );
  });

  it('weighs a file as what reading one more of them costs', () => {
    const files = decideScale([demand({ waiting: 1, objects: 8 })], SETTINGS, PACE).backlogSeconds;
    expect(files).toBeCloseTo((8 * OPEN_COST_BYTES) / (PACE * 2), 1);
  });
});
