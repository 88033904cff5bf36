import { createReadStream, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import type { EmbeddedS3 } from '../../src/embedded/s3/server.js';
import { type DataFormat, type DataSize, eventFiles } from '../data/events.js';
import type { FigureName } from '../harness/catalogue.js';
import { bytes, cpu, notRun, ratioResult, rss, valueResult } from '../harness/result.js';
import { runPairs } from '../harness/runPairs.js';
import { runSide } from '../harness/runSide.js';
import type { Args, Json, SideSpec } from '../harness/side.js';
import { findNodePolars } from '../peers/nodePolars.js';
import { findPython, versionOf } from '../peers/python.js';
import { type BenchServices, CREDENTIALS, openBenchS3, openBenchServices } from '../services.js';
import type { Bench, Suite } from '../suite.js';

const FULL: DataSize = { rows: 4_000_000, files: 2000 };
/** Text costs several times as much a file. */
const TEXT: DataSize = { rows: 1_000_000, files: 500 };
/** 2 GB of CSV when it is unpacked. */
const LARGE: DataSize = { rows: 6_600_000, files: 66 };
const QUICK: DataSize = { rows: 20_000, files: 20 };

/** The bare COPY has the codec and its level; the rest is DuckDB's own, as an engineer would write it. */
const SAME_CODEC = 'COMPRESSION zstd, COMPRESSION_LEVEL 1';

/** The whole job over the bare COPY for each format, then the engine's part over polars and over DuckDB's default. */
export const compactionSuite: Suite = async (bench) => {
  const services = await openBenchServices(bench.scratch);
  try {
    await jobOver(bench, services, { format: 'parquet', name: 'compaction/job-parquet' });
    await jobOver(bench, services, { format: 'parquet', name: 'compaction/job-parquet-content', verify: 'content' });
    await jobOver(bench, services, { format: 'csv.gz', name: 'compaction/job-csv-gz' });
    await jobOver(bench, services, { format: 'ndjson.gz', name: 'compaction/job-ndjson-gz' });
  } finally {
    await services.close();
  }
  await engineOver(bench);
  await memoryOf(bench);
};

async function jobOver(
  bench: Bench,
  services: BenchServices,
  { format, name, verify = 'rows' }: { format: DataFormat; name: FigureName; verify?: 'rows' | 'content' },
): Promise<void> {
  const size = bench.quick ? QUICK : partOf(format === 'parquet' ? FULL : TEXT, bench.part);
  const { files, columns } = await learnt(bench, format, size);
  const s3 = await openBenchS3(join(bench.scratch, `${format}-${verify}`));
  try {
    await putAll(s3, files, 'raw/');
    const local = { files, columns, format, scratch: join(bench.scratch, `bare-${format}`), options: SAME_CODEC };
    const b: SideSpec = { title: 'DuckDB COPY', module: 'compaction', name: 'duckdb', args: local };
    // Each run of the job finds its files new: the ledger's database is made for it.
    let runs = 0;
    const pairs = await runPairs(
      {
        a: async () => ({
          title: `Sluice job, ${files.length} files`,
          module: 'compaction',
          name: 'job',
          counted: services.pids,
          args: {
            columns,
            verify,
            prefix: 'raw/',
            redisUrl: services.redisUrl,
            ledgerUrl: await services.freshDatabase(),
            s3Url: s3.url,
            scratch: join(bench.scratch, `job-${format}-${verify}-${runs++}`),
          },
        }),
        b,
      },
      bench,
    );
    bench.add(ratioResult(name, pairs, cpu));
  } finally {
    await s3.close();
  }
}

async function engineOver(bench: Bench): Promise<void> {
  const { files, columns } = await learnt(bench, 'parquet');
  const scratch = join(bench.scratch, 'engine');
  const args = { files, columns, scratch, format: 'parquet' };
  const a = { title: 'Sluice engine', module: 'compaction', name: 'engine', args };
  const snappy = { ...args, options: 'COMPRESSION snappy' };
  const b = { title: 'DuckDB default (snappy)', module: 'compaction', name: 'duckdb', args: snappy };
  const overDefault = await runPairs({ a, b }, bench);
  bench.add(ratioResult('compaction/bytes-over-snappy', overDefault, bytes));
  bench.add(ratioResult('compaction/cpu-over-snappy', overDefault, cpu));
  const peer = findPolars();
  if (peer === undefined) {
    bench.add(notRun('compaction/engine-over-polars', 'neither nodejs-polars nor polars: see bench/peers/README.md'));
    return;
  }
  const out = join(scratch, 'polars.parquet');
  const { title, ...program } = peer;
  const scan: Args = { ...program, columns, arguments: [join(files[0] ?? '', '..'), out], out };
  const polars = { title, module: 'python', name: 'compact', args: scan, env: { POLARS_MAX_THREADS: '2' } };
  bench.add(ratioResult('compaction/engine-over-polars', await runPairs({ a, b: polars }, bench), cpu));
}

/** Text in large files under the memory limit that a worker without settings has. */
async function memoryOf(bench: Bench): Promise<void> {
  const { files, columns } = await learnt(bench, 'csv.gz', bench.quick ? QUICK : partOf(LARGE, bench.part));
  const args = { files, columns, scratch: join(bench.scratch, 'memory'), memoryLimit: '512MB' };
  const side = { title: 'Sluice engine under 512 MB', module: 'compaction', name: 'engine', args };
  const runs: number[] = [];
  for (let run = 0; run < bench.pairs; run++) runs.push(rss(await runSide(side)) / 1e6);
  bench.add(valueResult('compaction/memory', Math.max(...runs), runs));
}

/** polars under Node where that is installed, else under Python. */
function findPolars(): { title: string; program: string; script: string } | undefined {
  const version = findNodePolars();
  if (version !== undefined)
    return { title: `nodejs-polars ${version}`, program: process.execPath, script: 'nodePolars/compact.mjs' };
  const python = findPython('polars');
  if (python === undefined) return undefined;
  return { title: `polars ${versionOf(python, 'polars')}`, program: python, script: 'polars_compact.py' };
}

/** That share of the data, in files of the same size. */
export function partOf({ rows, files }: DataSize, part: number): DataSize {
  return { rows: Math.round(rows * part), files: Math.round(files * part) };
}

/** The files of a format with the columns that Sluice learns from the first of them. */
export async function learnt(
  bench: Bench,
  format: DataFormat,
  size = bench.quick ? QUICK : partOf(FULL, bench.part),
): Promise<{ files: readonly string[]; columns: Json }> {
  const files = await eventFiles(size, format);
  const args = { files: files.filter((_, index) => index % 47 === 0), scratch: bench.scratch };
  const { digest } = await runSide({ title: 'schema', module: 'compaction', name: 'learn', args });
  return { files, columns: digest };
}

/** Puts files into the bucket under a prefix. */
export async function putAll(s3: EmbeddedS3, files: readonly string[], prefix: string): Promise<void> {
  const client = new S3Client({
    endpoint: s3.url,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: CREDENTIALS,
  });
  const waiting = [...files];
  const putNext = async () => {
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
      const { size } = statSync(file);
      const body = { Body: createReadStream(file), ContentLength: size };
      await client.send(new PutObjectCommand({ Bucket: 'lake', Key: `${prefix}${basename(file)}`, ...body }));
    }
  };
  await Promise.all(Array.from({ length: 8 }, putNext));
  client.destroy();
}
