import { join } from 'node:path';
import { valueResult } from '../harness/result.js';
import { runSide } from '../harness/runSide.js';
import { openBenchServices } from '../services.js';
import type { Suite } from '../suite.js';

/** What a batch of 200 small files takes on a worker's two cores, in ms, by `npm run bench -- --profile`. */
const TIMES = { compact: 900, profile: 400, skew: 60, check: 20, load: 700 };

/** A million pending objects, 5,000 datasets, 200 workers; SLUICE_BENCH_OBJECTS and SLUICE_BENCH_DATASETS ask for other numbers. */
export const simulationSuite: Suite = async (bench) => {
  const services = await openBenchServices(bench.scratch);
  const objects = bench.quick ? 500 : Number(process.env['SLUICE_BENCH_OBJECTS'] ?? 1_000_000);
  const datasets = bench.quick ? 20 : Number(process.env['SLUICE_BENCH_DATASETS'] ?? 5000);
  try {
    const { answer, cpuSeconds, peakRssBytes } = await runSide({
      title: 'simulation',
      module: 'simulation',
      name: 'pendingMillion',
      counted: services.pids,
      args: {
        objects,
        datasets,
        workers: bench.quick ? 4 : 200,
        times: bench.quick ? {} : TIMES,
        counted: services.pids,
        redisUrl: services.redisUrl,
        ledgerUrl: await services.freshDatabase(),
        scratch: join(bench.scratch, 'sluice'),
      },
    });
    const facts = { objects, datasets, times: TIMES, peakRssBytes, ...answer.facts };
    bench.note(`  ${JSON.stringify(facts)}`);
    const cost = (cpuSeconds / objects) * 1000;
    bench.add(valueResult('simulation/cpu-ms-per-object', cost, [cost], facts));
  } finally {
    await services.close();
  }
};
