import { type Pairs, rate, ratioResult, valueResult } from '../harness/result.js';
import { runPairs } from '../harness/runPairs.js';
import { runSide } from '../harness/runSide.js';
import { quantile } from '../harness/statistics.js';
import { type BenchServices, openBenchServices } from '../services.js';
import { fillIdentities } from '../sides/listing.js';
import type { Bench, Suite } from '../suite.js';

const PER_REQUEST = 10;
const CONNECTIONS = 32;

/**
 * Notifications of 10 records over 32 connections: durable in the ledger, over Express that keeps nothing, over one COPY. Then listings of
 * a simulated bucket: a backfill over one COPY, and a sweep of objects that the ledger knows.
 */
export const intakeSuite: Suite = async (bench) => {
  const services = await openBenchServices(bench.scratch);
  try {
    await measureWebhook(bench, services);
    await measureBackfill(bench, services);
    await measureSweep(bench, services);
  } finally {
    await services.close();
  }
};

async function measureWebhook(bench: Bench, services: BenchServices): Promise<void> {
  const requests = bench.quick ? 200 : Math.round(12_000 * bench.part);
  const args = { requests, perRequest: PER_REQUEST, connections: CONNECTIONS };
  const a = sideOf(services, 'webhook', { module: 'intake', name: 'webhook', args });
  const express = sideOf(services, 'bare Express', { module: 'intake', name: 'bareExpress', args });
  const overExpress = await runPairs({ a, b: express }, bench);
  const copy = sideOf(services, 'bare COPY', { module: 'intake', name: 'bareCopy', args });
  const overCopy = await runPairs({ a, b: copy }, bench);
  bench.add(
    ratioResult('intake/webhook-records-per-second', overExpress, rate),
    ratioResult('intake/over-bare-copy', overCopy, rate),
  );
  const runs = [...overExpress.pairs, ...overCopy.pairs].map((pair) => pair.a);
  const rates = runs.map(rate);
  const p99s = runs.map(({ answer }) => Number(answer.facts?.['p99Ms']));
  bench.add(
    valueResult('intake/webhook-rate', quantile(rates, 0.5), rates),
    valueResult('intake/webhook-p99-ms', quantile(p99s, 0.5), p99s),
  );
}

async function measureBackfill(bench: Bench, services: BenchServices): Promise<void> {
  const objects = bench.quick ? 2000 : Math.round(200_000 * bench.part);
  const a = sideOf(services, 'backfill', { module: 'listing', name: 'backfill', args: { objects } });
  const args = { requests: objects, perRequest: 1 };
  const b = sideOf(services, 'bare COPY', { module: 'intake', name: 'bareCopy', args });
  const pairs: Pairs = await runPairs({ a, b }, bench);
  const rates = pairs.pairs.map((pair) => rate(pair.a));
  bench.add(
    ratioResult('intake/backfill-over-bare-copy', pairs, rate),
    valueResult('intake/backfill-rate', quantile(rates, 0.5), rates),
  );
}

/** Once: its figures are CPU and memory, which hardly move from run to run. */
async function measureSweep(bench: Bench, services: BenchServices): Promise<void> {
  const objects = bench.quick ? 2000 : Math.round(1_000_000 * bench.part);
  const spec = await sideOf(services, 'sweep', { module: 'listing', name: 'sweep', args: { objects } })();
  await fillIdentities(spec.args.ledgerUrl, objects);
  const { cpuSeconds, peakRssBytes, wallSeconds, digest } = await runSide(spec);
  const found = JSON.stringify(digest);
  if (found !== JSON.stringify({ records: objects }))
    throw new Error(`expected ${objects} known objects, got ${found}`);
  bench.note(`  sweep of ${objects}: ${wallSeconds.toFixed(2)} s, CPU ${cpuSeconds.toFixed(2)} s`);
  const perMillion = (cpuSeconds / objects) * 1e6;
  const megabytes = peakRssBytes / 1e6;
  bench.add(
    valueResult('intake/sweep-cpu-seconds-per-million', perMillion, [perMillion], { objects, wallSeconds }),
    valueResult('intake/sweep-peak-rss', megabytes, [megabytes], { objects }),
  );
}

interface What {
  readonly module: string;
  readonly name: string;
  readonly args: Readonly<Record<string, number>>;
}

/** A side over the suite's servers, with a new ledger at each run. */
function sideOf(services: BenchServices, title: string, { module, name, args }: What) {
  return async () => ({
    title,
    module,
    name,
    counted: services.pids,
    args: { ...args, redisUrl: services.redisUrl, ledgerUrl: await services.freshDatabase() },
  });
}
