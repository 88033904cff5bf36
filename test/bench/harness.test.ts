import { expect, it } from 'vitest';
import { cpu, ratioResult, rss } from '../../bench/harness/result.js';
import { Refused, runPairs } from '../../bench/harness/runPairs.js';
import { runSide } from '../../bench/harness/runSide.js';
import type { SideSpec } from '../../bench/harness/side.js';

const MODULE = new URL('../support/benchSides.ts', import.meta.url).href;
const pace = { pairs: 1, warmUp: false, note: () => {} };
const burns = (cpuMs: number, rows = 1): SideSpec => ({
  title: `${cpuMs} ms`,
  module: MODULE,
  name: 'burn',
  args: { cpuMs, rows },
});
const holds = (megabytes: number): SideSpec => ({
  title: `${megabytes} MB`,
  module: MODULE,
  name: 'hold',
  args: { megabytes },
});

it('halves the ratio when B is made to do twice the work', async () => {
  const fast = await runPairs({ a: burns(600), b: burns(600) }, pace);
  const slow = await runPairs({ a: burns(600), b: burns(1200) }, pace);
  const before = ratioResult('profile/over-summarize', fast, cpu).ratio ?? 0;
  const after = ratioResult('profile/over-summarize', slow, cpu).ratio ?? 0;
  expect(before).toBeGreaterThan(0.8);
  expect(before).toBeLessThan(1.25);
  expect(after).toBeGreaterThan(0.4);
  expect(after).toBeLessThan(0.65);
});

it('counts the CPU of child processes that have ended', async () => {
  const { cpuSeconds, answer } = await runSide(burns(800));
  expect(cpuSeconds).toBeGreaterThan(0.75);
  expect(cpuSeconds).toBeLessThan(1.3);
  expect(answer.units).toBe(1);
});

it('refuses a B with a missing row', async () => {
  const running = runPairs({ a: burns(20, 1000), b: burns(20, 999) }, pace);
  await expect(running).rejects.toThrow(Refused);
  await expect(running).rejects.toThrow('expected {"rows":999}, got {"rows":1000}');
});

it('sees the peak of the memory', async () => {
  const pairs = await runPairs({ a: holds(400), b: holds(10) }, pace);
  const { a, b } = ratioResult('skew/memory-over-group-by', pairs, rss);
  expect((a?.peakRssBytes ?? 0) - (b?.peakRssBytes ?? 0)).toBeGreaterThan(300e6);
});

it('names the side whose work failed', async () => {
  await expect(runSide({ title: 'the bad one', module: MODULE, name: 'fail' })).rejects.toThrow(
    'the bad one: Error: expected work, got a fault',
  );
});
