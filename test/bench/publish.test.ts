import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { renderChart } from '../../bench/harness/chart.js';
import { type Published, withFigures } from '../../bench/publish.js';
import { valueResult } from '../../bench/harness/result.js';

const docs = (name: string) => readFileSync(fileURLToPath(new URL(`../../docs/${name}`, import.meta.url)), 'utf8');

it('shows in docs/performance.md and its chart what docs/performance.json holds, and nothing else', () => {
  const published: Published = JSON.parse(docs('performance.json'));
  expect(withFigures(docs('performance.md'), published)).toBe(docs('performance.md'));
  expect(renderChart(published.results)).toBe(docs('performance.svg'));
});

it('gives every figure that misses its goal a reason in docs/performance.md', () => {
  const published: Published = JSON.parse(docs('performance.json'));
  const reasons = docs('performance.md').split('## Goals not met, and why')[1] ?? '';
  const missed = published.results.filter(({ met }) => met === false).map(({ name }) => name);
  expect(missed.filter((name) => !reasons.includes(`\`${name}\``))).toEqual([]);
});

it('draws a bar beyond the line for a missed goal, in either direction', () => {
  const chart = (name: Parameters<typeof valueResult>[0], value: number) =>
    renderChart([valueResult(name, value, [value])]);
  expect(chart('latency/p50-ms', 1400)).toContain('width="260" height="16" fill="#c77700"');
  expect(chart('queue/over-bare-bullmq', 0.4)).toContain('width="260" height="16" fill="#c77700"');
  expect(chart('queue/over-bare-bullmq', 1.6)).toContain('width="65" height="16" fill="#2e7d32"');
});
