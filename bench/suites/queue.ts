import { rate, ratioResult, valueResult } from '../harness/result.js';
import { runPairs } from '../harness/runPairs.js';
import { runSide } from '../harness/runSide.js';
import { openBenchServices } from '../services.js';
import type { Suite } from '../suite.js';

/** What Sluice adds to a BullMQ job, and how often one batch speaks with ledger and Redis. */
export const queueSuite: Suite = async (bench) => {
  const services = await openBenchServices(bench.scratch);
  try {
    const { redisUrl, redisPid, redisKind } = services;
    const side = (title: string, name: string) => ({
      title,
      module: 'queue',
      name,
      counted: redisKind === 'memory' ? [] : [redisPid],
      args: { redisUrl, jobs: bench.quick ? 300 : Math.round(50_000 * bench.part) },
    });
    const sides = { a: side('runJob', 'sluice'), b: side('bare BullMQ', 'bare') };
    bench.add(ratioResult('queue/over-bare-bullmq', await runPairs(sides, bench), rate));
    const { answer } = await runSide({
      title: 'one batch',
      module: 'dispatch',
      name: 'oneBatch',
      args: { redisUrl, ledgerUrl: await services.freshDatabase() },
    });
    const facts = answer.facts ?? {};
    const [statements, commands] = [Number(facts['statements']), Number(facts['commands'])];
    bench.add(valueResult('queue/ledger-statements-per-batch', statements, [statements], facts));
    bench.add(valueResult('queue/redis-commands-per-batch', commands, [commands]));
  } finally {
    await services.close();
  }
};
