import { join } from 'node:path';
import { Redis } from 'ioredis';
import pg from 'pg';
import { type Args, type Json, numberOf, type OpenSide, textOf } from '../harness/side.js';
import { datasetName, openStubPipeline } from '../stubPipeline.js';

const DATASETS = 10;

/** One after the other: a list of them all would be in the memory that is measured. */
function* keysOf(count: number, round: number, datasets: number): Generator<string> {
  for (let index = 0; index < count; index++)
    yield `raw/${datasetName(index % datasets)}/round-${round}/part-${String(index).padStart(8, '0')}.parquet`;
}

/** Records `objects`, then lets the workers bring all of them to loaded; `rounds` times, after one round to warm up. */
export async function pending(args: Args): Promise<OpenSide> {
  const [objects, rounds, workers] = [numberOf(args, 'objects'), numberOf(args, 'rounds'), numberOf(args, 'workers')];
  const options = {
    redisUrl: textOf(args, 'redisUrl'),
    ledgerUrl: textOf(args, 'ledgerUrl'),
    scratch: join(textOf(args, 'scratch'), String(process.pid)),
    datasets: DATASETS,
    maxFiles: 100,
  };
  let total = 0;
  const round = async (count: number, number: number) => {
    const pipeline = await openStubPipeline({ ...options, workers });
    await pipeline.record(keysOf(count, number, DATASETS));
    await pipeline.startWorkers();
    total += count;
    await pipeline.loaded(total);
    await pipeline.close();
  };
  await round(Math.min(objects, 1000), 0);
  const run = async () => {
    for (let number = 1; number <= rounds; number++) await round(objects, number);
    return { units: objects * rounds };
  };
  return {
    run,
    digest: async () => ({ loaded: total - Math.min(objects, 1000) === objects * rounds }),
    close: async () => {},
  };
}

/**
 * One batch of 100 objects from their notification to loaded, with every statement and every round trip to Redis counted, by workers
 * that ran a batch before (what a process asks once, when it starts, is no cost of a batch).
 */
export async function oneBatch(args: Args): Promise<OpenSide> {
  const texts = new Map<string, number>();
  const pipeline = await openStubPipeline({
    redisUrl: textOf(args, 'redisUrl'),
    ledgerUrl: textOf(args, 'ledgerUrl'),
    scratch: join('/tmp', `sluice-bench-one-${process.pid}`),
    datasets: 1,
    maxFiles: 100,
    workers: 1,
  });
  await pipeline.startWorkers();
  await pipeline.record(keysOf(100, 1, 1));
  await pipeline.loaded(100);
  const run = async () => {
    const trips = await countRoundTrips(textOf(args, 'redisUrl'));
    const stop = countStatements(texts);
    const before = pipeline.facts.batches;
    await pipeline.record(keysOf(100, 2, 1), 100);
    const recorded = sumOf(texts);
    while (pipeline.facts.batches === before) await new Promise((resolve) => setTimeout(resolve, 5));
    stop();
    const commands = await trips.stop();
    return {
      facts: { statements: sumOf(texts), ofThem: { intake: recorded, worker: sumOf(texts) - recorded }, commands },
    };
  };
  return { run, digest: async (): Promise<Json> => Object.fromEntries(texts), close: () => pipeline.close() };
}

function sumOf(texts: ReadonlyMap<string, number>): number {
  return [...texts.values()].reduce((sum, count) => sum + count, 0);
}

/** Counts what is sent to Postgres by this process, by its first words. */
function countStatements(texts: Map<string, number>): () => void {
  const original = pg.Client.prototype.query;
  const counting = function counting(this: pg.Client, ...given: unknown[]): unknown {
    const [first] = given;
    const text = typeof first === 'string' ? first : String((first as { text?: unknown }).text);
    const words = text.trim().split(/\s+/).slice(0, 6).join(' ');
    texts.set(words, (texts.get(words) ?? 0) + 1);
    return Reflect.apply(original, this, given);
  };
  Object.assign(pg.Client.prototype, { query: counting });
  return () => void Object.assign(pg.Client.prototype, { query: original });
}

/** Counts what clients send to Redis; what a script does inside is part of its one trip. */
async function countRoundTrips(url: string): Promise<{ stop(): Promise<number> }> {
  const redis = new Redis(url);
  const monitor = await redis.monitor();
  let trips = 0;
  monitor.on('monitor', (_time: string, _command: readonly string[], source: string) => {
    if (source !== 'lua') trips++;
  });
  return {
    stop: async () => {
      await redis.ping(); // the monitor has told of everything before
      await new Promise((resolve) => setTimeout(resolve, 50));
      monitor.disconnect();
      redis.disconnect();
      return trips - 1;
    },
  };
}
