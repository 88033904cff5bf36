import { mkdirSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { openServices } from '../../src/cli/services.js';
import { openEngine } from '../../src/shared/engine/open.js';
import type { BatchId } from '../../src/shared/ids.js';
import type { Column } from '../../src/shared/schema/columns.js';
import { compactFiles } from '../../src/workers/compact/compactFiles.js';
import { handleCompact } from '../../src/workers/compact/handler.js';
import { handlePlan } from '../../src/workers/plan/handler.js';
import { runSteps, type StepHandlers } from '../../src/workers/runSteps.js';
import { configOf } from '../configOf.js';
import { type Args, type Json, type OpenSide, textOf, textsOf } from '../harness/side.js';

const NEVER = new AbortController().signal;

/** The whole job as a worker does it: plan, fetch from the endpoint, validate, compact, hash, put, ledger. The steps after compact are left out. */
export async function job(args: Args): Promise<OpenSide> {
  const folder = textOf(args, 'scratch');
  mkdirSync(folder, { recursive: true });
  const config = configOf({
    redisUrl: textOf(args, 'redisUrl'),
    ledgerUrl: textOf(args, 'ledgerUrl'),
    s3Url: textOf(args, 's3Url'),
    folder,
    datasets: `  events: { source: { prefix: "${textOf(args, 'prefix')}" }, batch: { targetBytes: 4GB, maxFiles: 2000, maxWait: 0s }, compact: { verify: ${textOf(args, 'verify')} } }`,
  });
  const services = await openServices({ config });
  const context = { ...services.workerContext({ closeNow: true }), scratch: join(folder, `work-${process.pid}`) };
  await context.ledger.read.addSchema('events', 0, columnsOf(args), 'for the benchmark');
  for (const dataset of config.datasets) await context.sweep(dataset, NEVER);
  await warmEngine(services.engine, folder);
  const stop: StepHandlers['profile'] = async () => [];
  const handlers: StepHandlers = { compact: handleCompact, profile: stop, skew: stop, check: stop, load: stop };
  let batches: readonly BatchId[] = [];
  const run = async () => {
    await handlePlan(context, { v: 1, dataset: 'events', partition: '', dispatch: 1, closeNow: true });
    const rows = await context.ledger.read.batches('events', 100);
    batches = rows.map(({ batch }) => batch);
    for (const batch of batches) {
      const payload = { v: 1, batch, dataset: 'events', target: '', table: '', dispatch: 1 } as const;
      await runSteps(context, { step: 'compact', payload, handlers, signal: NEVER });
    }
    const manifests = await Promise.all(batches.map((batch) => context.ledger.read.batch(batch)));
    const bytes = manifests.reduce((sum, found) => sum + (found?.manifest?.bytes.out ?? 0), 0);
    return { bytes, facts: { batches: batches.length } };
  };
  const digest = async () => {
    const files: string[] = [];
    for (const batch of batches) {
      const found = await context.ledger.read.batch(batch);
      for (const { key, eTag, bytes } of found?.manifest?.artifacts ?? []) {
        const file = join(folder, basename(key));
        await context.lake.getToFile({ key, eTag, size: bytes, file, signal: NEVER });
        files.push(file);
      }
    }
    return digestOf(files, columnsOf(args));
  };
  return { run, digest, close: () => services.close() };
}

/** The engine's part alone, on local files. */
export async function engine(args: Args): Promise<OpenSide> {
  const folder = textOf(args, 'scratch');
  const scratch = join(folder, 'work');
  mkdirSync(scratch, { recursive: true });
  const files = textsOf(args, 'files');
  const pool = openEngine({ maxChildren: 1 });
  const first = files[0] ?? '';
  const memoryLimit = String(args['memoryLimit'] ?? '4GB');
  const session = await pool.open({ scratch, readable: [dirname(first)], memoryLimit, threads: 2 });
  await session.query('SELECT 1');
  let outputs: readonly string[] = [];
  const run = async () => {
    const result = await compactFiles({
      session,
      scratch,
      inputs: files.map((file, index) => ({ object: uuidOf(index), name: basename(file), file })),
      outDir: join(scratch, 'out'),
      format: 'auto',
      schema: columnsOf(args),
      evolution: 'widen',
      compression: 'zstd',
      pages: 'v2',
      sort: [],
      targetBytes: 4e9,
      provenance: args['provenance'] !== false,
      verify: 'rows',
    });
    outputs = result.artifacts.map(({ path }) => path);
    return { units: result.rows.out, bytes: result.artifacts.reduce((sum, { bytes }) => sum + bytes, 0) };
  };
  const close = async () => {
    await session.close();
    await pool.close();
  };
  return { run, digest: () => digestOf(outputs, columnsOf(args)), close };
}

/** DuckDB alone: one COPY of the local files, with the options given. */
export async function duckdb(args: Args): Promise<OpenSide> {
  const folder = textOf(args, 'scratch');
  mkdirSync(folder, { recursive: true });
  const out = join(folder, 'bare.parquet');
  const files = `[${textsOf(args, 'files')
    .map((file) => `'${file}'`)
    .join(', ')}]`;
  const types = columnsOf(args)
    .map(({ name, type }) => `'${name}': '${type}'`)
    .join(', ');
  const readers: Readonly<Record<string, string>> = {
    parquet: `read_parquet(${files})`,
    'csv.gz': `read_csv(${files}, auto_detect = false, header = true, delim = ',', quote = '"', escape = '"', columns = {${types}})`,
    'ndjson.gz': `read_json(${files}, format = 'newline_delimited', columns = {${types}})`,
  };
  const reader = readers[textOf(args, 'format')];
  const instance = await DuckDBInstance.create(':memory:', {
    threads: '2',
    memory_limit: '4GB',
    preserve_insertion_order: 'false',
    temp_directory: folder,
  });
  const connection = await instance.connect();
  await connection.run("SET timezone = 'UTC'");
  const run = async () => {
    await connection.run(`COPY (SELECT * FROM ${reader}) TO '${out}' (FORMAT parquet, ${textOf(args, 'options')})`);
    return { bytes: statSync(out).size };
  };
  const close = async () => {
    connection.closeSync();
    instance.closeSync();
  };
  return { run, digest: () => digestOf([out], columnsOf(args)), close };
}

/** Rows, and the sum of a hash of each row's values in the dataset's own types: the same for the same rows in any order. */
export async function digestOf(files: readonly string[], columns: readonly Column[]): Promise<Json> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '2', memory_limit: '4GB' });
  const connection = await instance.connect();
  await connection.run("SET timezone = 'UTC'");
  const values = columns.map(({ name, type }) => `CAST("${name}" AS ${type})`).join(', ');
  const list = files.map((file) => `'${file}'`).join(', ');
  const reader = await connection.runAndReadAll(
    `SELECT count(*)::VARCHAR AS rows, sum(hash(${values}))::VARCHAR AS hashes FROM read_parquet([${list}])`,
  );
  const [row = {}] = reader.getRowObjectsJson();
  connection.closeSync();
  instance.closeSync();
  return { rows: String(row['rows']), hashes: String(row['hashes']) };
}

function columnsOf(args: Args): readonly Column[] {
  const value = args['columns'];
  if (!Array.isArray(value)) throw new TypeError('expected columns');
  return value.map((column: { name: string; type: string }) => ({ name: column.name, type: column.type }));
}

/** A worker's engine process is running before most of its jobs. */
async function warmEngine(pool: ReturnType<typeof openEngine>, folder: string): Promise<void> {
  const session = await pool.open({ scratch: folder });
  await session.query('SELECT 1');
  await session.close();
}

function uuidOf(index: number): string {
  return `00000000-0000-4000-8000-${index.toString(16).padStart(12, '0')}`;
}

/** The columns that Sluice learns from the first files: what a dataset has from its second batch on. */
export async function learn(args: Args): Promise<OpenSide> {
  const scratch = join(textOf(args, 'scratch'), 'learn');
  mkdirSync(scratch, { recursive: true });
  const files = textsOf(args, 'files');
  const pool = openEngine({ maxChildren: 1 });
  const session = await pool.open({ scratch, readable: [dirname(files[0] ?? '')], memoryLimit: '1GB', threads: 2 });
  let columns: Json = null;
  const run = async () => {
    const result = await compactFiles({
      session,
      scratch,
      inputs: files.map((file, index) => ({ object: uuidOf(index), name: basename(file), file })),
      outDir: join(scratch, 'out'),
      format: 'auto',
      evolution: 'widen',
      compression: 'zstd',
      pages: 'v2',
      sort: [],
      targetBytes: 4e9,
      provenance: true,
    });
    columns = result.columns.map(({ name, type }) => ({ name, type }));
    return {};
  };
  const close = async () => {
    await session.close();
    await pool.close();
  };
  return { run, digest: async () => columns, close };
}
