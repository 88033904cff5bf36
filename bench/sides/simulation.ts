import { join } from 'node:path';
import { Redis } from 'ioredis';
import { readTree } from '../harness/processTree.js';
import { type Args, type Json, numberOf, type OpenSide, textOf } from '../harness/side.js';
import { quantile, rounded } from '../harness/statistics.js';
import { datasetName, openStubPipeline, type StepTimes } from '../stubPipeline.js';

/** The share of all objects that one dataset has; the others have the rest in equal parts. */
const GIANT_SHARE = 0.1;

/**
 * `objects` pending objects of `datasets` datasets and `workers` workers, against the real ledger, queue, plan, leases and commits;
 * the work on data is a timer of `times`.
 */
export async function pendingMillion(args: Args): Promise<OpenSide> {
  const [objects, datasets, workers] = [
    numberOf(args, 'objects'),
    numberOf(args, 'datasets'),
    numberOf(args, 'workers'),
  ];
  const servers = (args['counted'] ?? []) as readonly number[];
  const redis = new Redis(textOf(args, 'redisUrl'));
  const loadedAt = new Map<string, number[]>();
  let startedAt = 0;
  const pipeline = await openStubPipeline({
    redisUrl: textOf(args, 'redisUrl'),
    ledgerUrl: textOf(args, 'ledgerUrl'),
    scratch: join(textOf(args, 'scratch'), 'work'),
    datasets,
    workers,
    maxFiles: 2000,
    times: (args['times'] ?? {}) as StepTimes,
    onLoaded: ({ row }) => {
      const times = loadedAt.get(row.dataset) ?? [];
      loadedAt.set(row.dataset, [...times, (performance.now() - startedAt) / 1000]);
    },
  });
  const cpuNow = () => readTree([process.pid, ...servers]).cpuSeconds;
  const facts: Record<string, Json> = {};
  const timed = async (name: string, work: () => Promise<void>) => {
    const [began, cpu] = [performance.now(), cpuNow()];
    await work();
    facts[`${name}Seconds`] = rounded((performance.now() - began) / 1000);
    facts[`${name}CpuMsPerObject`] = rounded(((cpuNow() - cpu) / objects) * 1000);
  };
  const run = async () => {
    await timed('record', () => pipeline.record(keysOf(objects, datasets), 100));
    facts['redisBytesAfterRecord'] = await usedMemory(redis);
    const peak = watchMemory(redis);
    startedAt = performance.now();
    await timed('process', async () => {
      await pipeline.startWorkers();
      await pipeline.loaded(objects);
    });
    facts['redisPeakBytes'] = await peak.end();
    facts['batches'] = pipeline.facts.batches;
    facts['planMsPerObject'] = rounded(pipeline.facts.planMs / objects);
    Object.assign(facts, fairness(loadedAt));
    return { units: objects, facts };
  };
  const close = async () => {
    await pipeline.close();
    redis.disconnect();
  };
  return { run, digest: async () => ({ datasets: loadedAt.size }), close };
}

function* keysOf(objects: number, datasets: number): Generator<string> {
  const giant = Math.floor(objects * GIANT_SHARE);
  for (let index = 0; index < objects; index++) {
    const dataset = index < giant ? 0 : 1 + ((index - giant) % (datasets - 1));
    yield `raw/${datasetName(dataset)}/part-${String(index).padStart(9, '0')}.parquet`;
  }
}

/** How long datasets waited for their last batch, the giant apart; Jain's index is 1 when all of the small ones waited alike. */
function fairness(loadedAt: ReadonlyMap<string, readonly number[]>): Record<string, Json> {
  const last = [...loadedAt].map(([dataset, times]) => ({ dataset, at: Math.max(...times) }));
  const small = last.filter(({ dataset }) => dataset !== datasetName(0)).map(({ at }) => at);
  const sum = small.reduce((total, at) => total + at, 0);
  const squares = small.reduce((total, at) => total + at * at, 0);
  return {
    smallLoadedSeconds: [0.01, 0.5, 0.99, 1].map((at) => rounded(quantile(small, at))),
    giantLoadedSeconds: rounded(Math.max(...(loadedAt.get(datasetName(0)) ?? [0]))),
    jain: rounded((sum * sum) / (small.length * squares)),
  };
}

async function usedMemory(redis: Redis): Promise<number> {
  return Number(/^used_memory:(\d+)/m.exec(await redis.info('memory'))?.[1] ?? 0);
}

function watchMemory(redis: Redis): { end(): Promise<number> } {
  let peak = 0;
  const sample = async () => void (peak = Math.max(peak, await usedMemory(redis)));
  const timer = setInterval(() => void sample(), 500);
  return {
    end: async () => {
      clearInterval(timer);
      await sample();
      return peak;
    },
  };
}
