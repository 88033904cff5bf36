import { join } from 'node:path';
import type { FigureName } from '../harness/catalogue.js';
import { valueResult } from '../harness/result.js';
import { runSide } from '../harness/runSide.js';
import { quantile, rounded } from '../harness/statistics.js';
import { openBenchServices } from '../services.js';
import type { Bench, Suite } from '../suite.js';
import { Refused } from '../harness/runPairs.js';

/** Time from the event to the visible row: one file at a time, then ten files a second. */
export const latencySuite: Suite = async (bench) => {
  const files = bench.quick ? 5 : 100;
  const single = await measure(bench, { files, everyMs: 0 });
  add(bench, ['latency/p50-ms', 'latency/p99-ms'], single);
  const steady = await measure(bench, { files: bench.quick ? 10 : 200, everyMs: 100 });
  add(bench, ['latency/p50-ms-at-10-per-second', 'latency/p99-ms-at-10-per-second'], steady);
};

async function measure(bench: Bench, load: { files: number; everyMs: number }): Promise<readonly number[]> {
  const scratch = join(bench.scratch, String(load.everyMs));
  const services = await openBenchServices(scratch);
  try {
    const args = {
      ...load,
      scratch: join(scratch, 'sluice'),
      redisUrl: services.redisUrl,
      ledgerUrl: await services.freshDatabase(),
      targetUrl: await services.freshDatabase(),
    };
    const { answer, digest } = await runSide({ title: 'Sluice', module: 'latency', name: 'visible', args });
    const { rows, expected } = digest as { rows: number; expected: number };
    if (rows !== expected) throw new Refused(`expected ${expected} rows in the target, got ${rows}`);
    return (answer.facts?.['samples'] ?? []) as readonly number[];
  } finally {
    await services.close();
  }
}

function add(bench: Bench, [p50, p99]: readonly [FigureName, FigureName], samples: readonly number[]): void {
  const facts = {
    p50: rounded(quantile(samples, 0.5)),
    p90: rounded(quantile(samples, 0.9)),
    p99: rounded(quantile(samples, 0.99)),
  };
  bench.note(`  ${samples.length} files: p50 ${facts.p50} ms, p90 ${facts.p90} ms, p99 ${facts.p99} ms`);
  bench.add(
    valueResult(p50, quantile(samples, 0.5), samples, facts),
    valueResult(p99, quantile(samples, 0.99), samples, facts),
  );
}
