import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { type CounterMemory, emfLines, startEmf } from '../../../src/shared/telemetry/emf.js';

function openRegistry() {
  const registry = new Registry();
  const registers = [registry];
  const jobs = new Counter({ name: 'sluice_jobs_total', help: 'h', labelNames: ['kind'] as const, registers });
  const memory = new Gauge({ name: 'sluice_engine_memory_bytes', help: 'h', registers });
  const wait = new Histogram({ name: 'sluice_job_wait_seconds', help: 'h', labelNames: ['kind'] as const, registers });
  new Gauge({ name: 'nodejs_something', help: 'h', registers }).set(3);
  return { registry, jobs, memory, wait };
}

test('one line a set of labels, by the format’s own words, with units', async () => {
  const { registry, jobs, memory, wait } = openRegistry();
  jobs.inc({ kind: 'load' }, 3);
  wait.observe({ kind: 'load' }, 0.5);
  memory.set(512);
  const lines = emfLines(await registry.getMetricsAsJSON(), new Map(), { nowMs: 1_700_000_000_000 });
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    {
      _aws: {
        Timestamp: 1_700_000_000_000,
        CloudWatchMetrics: [
          {
            Namespace: 'Sluice',
            Dimensions: [['kind']],
            Metrics: [
              { Name: 'sluice_jobs_total', Unit: 'Count' },
              { Name: 'sluice_job_wait_seconds_sum', Unit: 'Seconds' },
              { Name: 'sluice_job_wait_seconds_count', Unit: 'Count' },
            ],
          },
        ],
      },
      kind: 'load',
      sluice_jobs_total: 3,
      sluice_job_wait_seconds_sum: 0.5,
      sluice_job_wait_seconds_count: 1,
    },
    {
      _aws: {
        Timestamp: 1_700_000_000_000,
        CloudWatchMetrics: [
          {
            Namespace: 'Sluice',
            Dimensions: [[]],
            Metrics: [{ Name: 'sluice_engine_memory_bytes', Unit: 'Bytes' }],
          },
        ],
      },
      sluice_engine_memory_bytes: 512,
    },
  ]);
});

test('counters tell what was added since the last time, so that CloudWatch’s sums are right', async () => {
  const { registry, jobs } = openRegistry();
  const memory: CounterMemory = new Map();
  const added = async () => {
    const lines = emfLines(await registry.getMetricsAsJSON(), memory, { nowMs: 0 });
    return lines.map((line) => JSON.parse(line)['sluice_jobs_total']).filter((value) => value !== undefined);
  };
  jobs.inc({ kind: 'load' }, 3);
  expect(await added()).toEqual([3]);
  expect(await added()).toEqual([]);
  jobs.inc({ kind: 'load' }, 2);
  expect(await added()).toEqual([2]);
});

test('what is left is written when the process ends, and a registry that fails costs nothing', async () => {
  const { registry, memory } = openRegistry();
  memory.set(7);
  const lines: string[] = [];
  await startEmf(() => registry.getMetricsAsJSON(), { everyMs: 60_000, write: (line) => lines.push(line) }).close();
  expect(lines.some((line) => JSON.parse(line)['sluice_engine_memory_bytes'] === 7)).toBe(true);
  await startEmf(() => Promise.reject(new Error('no')), { everyMs: 60_000, write: () => {} }).close();
});
