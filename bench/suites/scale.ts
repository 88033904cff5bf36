import { join } from 'node:path';
import { cpuPerUnit, ratioResult, rss } from '../harness/result.js';
import { runPairs } from '../harness/runPairs.js';
import type { Args } from '../harness/side.js';
import { openBenchServices } from '../services.js';
import { compareAutoscaling } from '../scale/compare.js';
import type { Suite } from '../suite.js';

/** The autoscaler in simulation first; then what ledger, queue and workers cost an object as more of them wait, and as more workers share them; no data is touched. */
export const scaleSuite: Suite = async (bench) => {
  compareAutoscaling(bench);
  const services = await openBenchServices(bench.scratch);
  const unit = bench.quick ? 100 : 1000;
  const side = (title: string, args: Args) => async () => ({
    title,
    module: 'dispatch',
    name: 'pending',
    counted: services.pids,
    args: {
      workers: 2,
      ...args,
      redisUrl: services.redisUrl,
      ledgerUrl: await services.freshDatabase(),
      scratch: join(bench.scratch, 'work'),
    },
  });
  // One warm-up and fewer pairs: the longest of these runs takes minutes.
  const pace = { ...bench, warmUp: false, pairs: Math.min(bench.pairs, 2) };
  const small = side(`${unit} pending, ten times`, { objects: unit, rounds: bench.quick ? 1 : 10 });
  const middle = side(`${unit * 10} pending`, { objects: unit * 10, rounds: 1 });
  const large = side(`${unit * 100} pending`, { objects: bench.quick ? unit * 20 : unit * 100, rounds: 1 });
  try {
    const tenfold = await runPairs({ a: middle, b: small }, pace);
    bench.add(ratioResult('scale/cost-per-object-10k-over-1k', tenfold, cpuPerUnit));
    const hundredfold = await runPairs({ a: large, b: small }, pace);
    bench.add(ratioResult('scale/cost-per-object-100k-over-1k', hundredfold, cpuPerUnit));
    bench.add(ratioResult('scale/memory-100k-over-1k', hundredfold, rss));
    const four = side('4 workers', { objects: unit * 10, rounds: 1, workers: 4 });
    const one = side('1 worker', { objects: unit * 10, rounds: 1, workers: 1 });
    bench.add(ratioResult('scale/cost-4-workers-over-1', await runPairs({ a: four, b: one }, pace), cpuPerUnit));
  } finally {
    await services.close();
  }
};
