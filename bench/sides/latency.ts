import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import pg from 'pg';
import { openServices } from '../../src/cli/services.js';
import { startS3 } from '../../src/embedded/s3/server.js';
import { startIntake } from '../../src/producers/main.js';
import { silentLog } from '../../src/shared/telemetry/log.js';
import { startWorker } from '../../src/workers/main.js';
import { configOf } from '../configOf.js';
import { type Args, numberOf, type OpenSide, textOf } from '../harness/side.js';
import { CREDENTIALS, TOKEN } from '../services.js';

const POLL_MS = 5;
const ROWS = 100;

/**
 * A whole Sluice in one process. Puts `files` small CSV files, `everyMs` apart (0: the next when the last is visible), and
 * takes the time from the store's answer to the put, when its event goes out, until the file's rows are seen in the target.
 */
export async function visible(args: Args): Promise<OpenSide> {
  const folder = textOf(args, 'scratch');
  mkdirSync(folder, { recursive: true });
  const endpoint = await startS3({ dir: join(folder, 's3'), credentials: CREDENTIALS, buckets: ['lake'] });
  const config = configOf({
    redisUrl: textOf(args, 'redisUrl'),
    ledgerUrl: textOf(args, 'ledgerUrl'),
    targetUrl: textOf(args, 'targetUrl'),
    s3Url: endpoint.url,
    folder,
    concurrency: 4,
    datasets: `  readings:
    source: { prefix: raw/ }
    batch: { maxWait: 0s }
    load: [{ target: warehouse, table: readings, mode: append }]`,
  });
  const services = await openServices({ config, logger: silentLog });
  const { ledger } = services;
  const sources = new Map(config.datasets.map(({ name }) => [name, services.sourceStore(name)]));
  const intake = await startIntake({
    config,
    ledger,
    queue: services.queue(),
    stores: { lake: services.lake, sources },
    logger: silentLog,
  });
  await endpoint.notifyTo({ url: `${intake.url}/v1/events/s3`, bearerToken: TOKEN });
  const worker = await startWorker({ context: services.workerContext() });
  const s3 = new S3Client({
    endpoint: endpoint.url,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: CREDENTIALS,
  });
  const target = new pg.Client({ connectionString: textOf(args, 'targetUrl') });
  await target.connect();
  const put = async (file: number): Promise<number> => {
    const lines = Array.from(
      { length: ROWS },
      (_, row) => `${file},${row},${(row * 1.5).toFixed(2)},sensor ${row % 7}`,
    );
    const Body = `file,row,value,name\n${lines.join('\n')}\n`;
    await s3.send(new PutObjectCommand({ Bucket: 'lake', Key: `raw/readings-${file}.csv`, Body }));
    return performance.now();
  };
  const watch = openWatch(target);
  for (let warm = 0; warm < 5; warm++) {
    await put(warm);
    await watch.until(warm);
  }
  const [files, everyMs] = [numberOf(args, 'files'), numberOf(args, 'everyMs')];
  const run = async () => {
    const samples = everyMs === 0 ? await oneAtATime(files, put, watch) : await atARate({ files, everyMs }, put, watch);
    return { units: files, facts: { samples } };
  };
  const digest = async () => {
    const { rows } = await target.query<{ n: number }>('SELECT count(*)::int AS n FROM readings');
    return { rows: rows[0]?.n ?? 0, expected: (files + 5) * ROWS };
  };
  const close = async () => {
    await worker.stop(2000);
    await target.end();
    s3.destroy();
    await intake.close();
    await services.close();
    await endpoint.close();
  };
  return { run, digest, close };
}

interface Watch {
  /** When the file's rows were seen, by this process's clock. */
  until(file: number): Promise<number>;
}

type Put = (file: number) => Promise<number>;

async function oneAtATime(files: number, put: Put, watch: Watch): Promise<number[]> {
  const samples: number[] = [];
  for (let file = 5; file < files + 5; file++) {
    const began = await put(file);
    samples.push((await watch.until(file)) - began);
  }
  return samples;
}

async function atARate(
  { files, everyMs }: { files: number; everyMs: number },
  put: Put,
  watch: Watch,
): Promise<number[]> {
  const waiting: Promise<number>[] = [];
  for (let file = 5; file < files + 5; file++) {
    waiting.push(put(file).then(async (began) => (await watch.until(file)) - began));
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
  return Promise.all(waiting);
}

/** Asks the target every few ms which files it has. */
function openWatch(target: pg.Client): Watch {
  const seen = new Map<number, number>();
  const wanted = new Set<number>();
  let polling = false;
  const poll = async () => {
    polling = true;
    while (wanted.size > 0) {
      const { rows } = await target
        .query<{ file: string }>('SELECT DISTINCT file FROM readings WHERE file = ANY($1)', [[...wanted]])
        .catch(() => ({ rows: [] })); // the table is made by the first load
      for (const { file } of rows) {
        seen.set(Number(file), performance.now());
        wanted.delete(Number(file));
      }
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    polling = false;
  };
  return {
    until: async (file) => {
      wanted.add(file);
      if (!polling) void poll();
      for (;;) {
        const at = seen.get(file);
        if (at !== undefined) return at;
        await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      }
    },
  };
}
