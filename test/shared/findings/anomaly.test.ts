import { expect, test } from 'vitest';
import { judgeFigure, type AnomalyQuestion } from '../../../src/shared/findings/anomaly.js';
import { fc } from '../../support/fc.js';

const DAY = 864e5;
const NOW = Date.UTC(2026, 4, 20);

/** A history of daily figures, the newest first, up to the day before NOW. */
function daily(values: readonly number[]) {
  return values.map((value, index) => ({ value, at: NOW - (values.length - index) * DAY })).toReversed();
}

function ask(value: number, history: readonly number[], over: Partial<AnomalyQuestion> = {}) {
  return judgeFigure({
    value,
    at: NOW,
    history: daily(history),
    sensitivity: 'normal',
    direction: 'both',
    isCount: true,
    leastSpread: 1,
    guarded: true,
    ...over,
  });
}

const constant = (length: number, value: number) => Array.from({ length }, () => value);

test('a constant history and a changed figure fire, whatever the level, the length and the side', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 7, max: 40 }),
      fc.integer({ min: 100, max: 1e9 }),
      fc.oneof(fc.double({ min: 0, max: 0.85, noNaN: true }), fc.double({ min: 1.15, max: 50, noNaN: true })),
      (length, level, factor) => {
        expect(ask(Math.round(level * factor), constant(length, level)).state).toBe('unusual');
      },
    ),
  );
});

test('a constant history and the same figure, or one within a thousandth of it, stay silent', () => {
  fc.assert(
    fc.property(fc.integer({ min: 7, max: 40 }), fc.integer({ min: 0, max: 1e9 }), (length, level) => {
      for (const same of [level, level + Math.floor(level / 1000)])
        expect(ask(same, constant(length, level), { guarded: false }).state).toBe('usual');
    }),
  );
});

test('a figure that grows by 2% a day stays silent on every day, with and without noise of 1%', () => {
  const noise = fc.array(fc.double({ min: -0.01, max: 0.01, noNaN: true }), { minLength: 91, maxLength: 91 });
  fc.assert(
    fc.property(fc.integer({ min: 100, max: 1e6 }), fc.boolean(), noise, (start, noisy, wiggles) => {
      const series = wiggles.map((wiggle, day) => Math.round(start * 1.02 ** day * (noisy ? 1 + wiggle : 1)));
      for (let day = 7; day < series.length; day++)
        expect(ask(series[day] ?? 0, series.slice(0, day)).verdict, `day ${day}`).toBe('pass');
    }),
    { numRuns: 30 },
  );
});

test('with 7 to 10 figures a wild one fires at sensitivity normal', () => {
  const wiggled = fc.array(fc.integer({ min: 950, max: 1050 }), { minLength: 7, maxLength: 10 });
  fc.assert(
    fc.property(wiggled, fc.constantFrom(0, 10, 2000, 5000, 1e6), (history, value) => {
      expect(ask(value, history).state).toBe('unusual');
    }),
  );
});

test('below 7 figures it is warming up, and only the guards speak: none at all fails, tenfold warns', () => {
  for (let length = 0; length < 7; length++) {
    expect(ask(1500, constant(length, 1000))).toMatchObject({ state: 'warming_up', verdict: 'pass', points: length });
    expect(ask(0, constant(length, 1000))).toMatchObject({ state: 'unusual', verdict: 'fail', method: 'zero' });
  }
  expect(ask(10_001, [1000])).toMatchObject({ verdict: 'warn', method: 'tenfold', centre: 1000 });
  expect(ask(99, [1000])).toMatchObject({ verdict: 'warn', method: 'tenfold' });
  expect(ask(10_000, [1000]).verdict).toBe('pass');
  expect(ask(1, []).state).toBe('warming_up');
});

test('a dataset that often has no rows is not accused of it', () => {
  expect(ask(0, [0, 100]).state).toBe('warming_up');
  expect(ask(0, [0, 0, 5, 0, 0, 3, 0, 0]).verdict).toBe('pass');
});

test('where 4 figures of the same weekday are known, these alone judge', () => {
  const weeks = Array.from({ length: 28 }, (_, day) =>
    new Date(NOW - (28 - day) * DAY).getUTCDay() === 3 ? 100 : 1000,
  );
  expect(new Date(NOW).getUTCDay()).toBe(3);
  expect(ask(100, weeks)).toMatchObject({ verdict: 'pass', method: 'mad-weekday', points: 4 });
  expect(ask(1000, weeks)).toMatchObject({ verdict: 'fail', method: 'mad-weekday' });
  expect(ask(100, weeks.slice(-14)).method).toBe('mad');
});

test('only the newest 30 figures count', () => {
  expect(ask(1000, [...constant(60, 50), ...constant(30, 1000)])).toMatchObject({
    verdict: 'pass',
    points: expect.any(Number),
  });
  expect(ask(50, [...constant(60, 50), ...constant(30, 1000)]).verdict).toBe('fail');
});

test('counts that span more than one order of magnitude are compared as factors', () => {
  const wild = [10, 2000, 40, 900, 15, 3000, 120, 700, 60, 1500];
  expect(ask(8000, wild)).toMatchObject({ verdict: 'pass', method: 'mad-log' });
  expect(ask(1e13, wild)).toMatchObject({ state: 'unusual', method: 'mad-log' });
});

test('shares move by points: half a point is nothing, twenty are much, and fewer NULLs are no anomaly', () => {
  const share = { isCount: false, guarded: false, leastSpread: 0.005, direction: 'up' } as const;
  expect(ask(0.004, constant(10, 0), share).verdict).toBe('pass');
  expect(ask(0.2, constant(10, 0), share).verdict).toBe('fail');
  expect(ask(0, constant(10, 0.5), share).verdict).toBe('pass');
});

test('a higher sensitivity never says less', () => {
  const rank = { pass: 0, warn: 1, fail: 2 };
  fc.assert(
    fc.property(fc.array(fc.nat(5000), { minLength: 7, maxLength: 30 }), fc.nat(20_000), (history, value) => {
      const [low, normal, high] = (['low', 'normal', 'high'] as const).map(
        (sensitivity) => rank[ask(value, history, { sensitivity }).verdict],
      );
      expect([low, normal, high]).toEqual([low, normal, high].toSorted());
    }),
  );
});

test('normal noise around a level is called unusual less than once in a hundred', () => {
  const gauss = (random: () => number) => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  let state = 42;
  const random = () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
  for (const length of [7, 10, 30]) {
    let alarms = 0;
    for (let run = 0; run < 2000; run++) {
      const [value = 0, ...history] = Array.from({ length: length + 1 }, () => 1e6 + 5e4 * gauss(random));
      if (ask(value, history).verdict !== 'pass') alarms++;
    }
    expect(alarms, `${length} figures`).toBeLessThan(20);
  }
});
