import { AUTOSCALE_FIGURES } from './autoscaleFigures.js';

/** Whether a figure must stay under its goal or reach it. */
export type Direction = 'at most' | 'at least';

/** A figure that the benchmarks promise to give, with its goal. */
export interface Figure {
  readonly name: string;
  /** What is compared with what, for people. */
  readonly title: string;
  readonly unit: string;
  /** Undefined: it is reported, nothing is promised. */
  readonly goal?: number;
  readonly direction: Direction;
}

const CPU = 'CPU ratio';
const RATE = 'rate ratio';

/** Every figure, in the order of the table. */
export const FIGURES = [
  {
    name: 'intake/webhook-records-per-second',
    title: 'webhook with durable commits over Express that only parses',
    unit: RATE,
    direction: 'at least',
    goal: 0.25,
  },
  {
    name: 'intake/over-bare-copy',
    title: 'webhook over one bare COPY into the same tables',
    unit: RATE,
    direction: 'at least',
    goal: 0.5,
  },
  {
    name: 'intake/webhook-rate',
    title: 'records through the webhook, durable: 10 a request, 32 connections',
    unit: 'records/s',
    direction: 'at least',
    goal: 20_000,
  },
  {
    name: 'intake/webhook-p99-ms',
    title: 'request to answer, under that load',
    unit: 'ms',
    direction: 'at most',
    goal: 250,
  },
  {
    name: 'intake/backfill-over-bare-copy',
    title: 'backfill of new objects over one bare COPY into the same tables',
    unit: RATE,
    direction: 'at least',
    goal: 0.5,
  },
  {
    name: 'intake/backfill-rate',
    title: 'new objects of a listing into the ledger',
    unit: 'objects/s',
    direction: 'at least',
    goal: 20_000,
  },
  {
    name: 'intake/sweep-cpu-seconds-per-million',
    title: 'sweep of known objects, sweeper and Postgres together',
    unit: 'CPU s',
    direction: 'at most',
    goal: 60,
  },
  {
    name: 'intake/sweep-peak-rss',
    title: 'the same sweep, peak memory',
    unit: 'MB',
    direction: 'at most',
    goal: 300,
  },
  {
    name: 'queue/over-bare-bullmq',
    title: 'runJob (decode, classify, settle) over a BullMQ worker that does nothing',
    unit: RATE,
    direction: 'at least',
    goal: 0.8,
  },
  {
    name: 'queue/ledger-statements-per-batch',
    title: 'ledger statements for one batch of 100 objects, arrival to loaded',
    unit: 'statements',
    direction: 'at most',
    goal: 60,
  },
  {
    name: 'queue/redis-commands-per-batch',
    title: 'Redis commands for one batch of 100 objects, arrival to loaded',
    unit: 'commands',
    direction: 'at most',
    goal: 60,
  },
  {
    name: 'compaction/job-parquet',
    title: 'whole job over DuckDB COPY of local files',
    unit: CPU,
    direction: 'at most',
    goal: 1.15,
  },
  {
    name: 'compaction/job-parquet-content',
    title: 'the same with the content of all rows compared',
    unit: CPU,
    direction: 'at most',
    goal: 1.75,
  },
  {
    name: 'compaction/job-csv-gz',
    title: 'whole job over DuckDB COPY with explicit schema',
    unit: CPU,
    direction: 'at most',
    goal: 1.15,
  },
  {
    name: 'compaction/job-ndjson-gz',
    title: 'whole job over DuckDB COPY with explicit schema',
    unit: CPU,
    direction: 'at most',
    goal: 1.15,
  },
  {
    name: 'compaction/engine-over-polars',
    title: 'engine part over polars scan and sink, same codec',
    unit: CPU,
    direction: 'at most',
    goal: 1.1,
  },
  {
    name: 'compaction/bytes-over-snappy',
    title: 'bytes written over DuckDB’s default (snappy)',
    unit: 'bytes ratio',
    direction: 'at most',
    goal: 0.7,
  },
  {
    name: 'compaction/cpu-over-snappy',
    title: 'engine part over DuckDB’s default (snappy)',
    unit: CPU,
    direction: 'at most',
    goal: 1,
  },
  {
    name: 'compaction/memory',
    title: 'peak memory for 2 GB of CSV, worker and engine (512 MB for the engine)',
    unit: 'MB',
    direction: 'at most',
    goal: 700,
  },
  { name: 'profile/over-summarize', title: 'full profile over SUMMARIZE', unit: CPU, direction: 'at most', goal: 0.65 },
  {
    name: 'profile/over-decode',
    title: 'full profile over decoding all columns once',
    unit: CPU,
    direction: 'at most',
    goal: 6,
  },
  {
    name: 'profile/rules-over-scan',
    title: '12 row rules over one scan of the columns they read',
    unit: CPU,
    direction: 'at most',
    goal: 1.5,
  },
  {
    name: 'skew/over-group-by',
    title: 'hot keys and statistics over GROUP BY ... top 100',
    unit: CPU,
    direction: 'at most',
    goal: 0.5,
  },
  {
    name: 'skew/memory-over-group-by',
    title: 'the same, peak memory',
    unit: 'memory ratio',
    direction: 'at most',
    goal: 0.34,
  },
  {
    name: 'postgres/append-over-copy-csv',
    title: 'append over \\copy of a ready CSV of the same rows',
    unit: RATE,
    direction: 'at least',
    goal: 1.4,
  },
  {
    name: 'postgres/append-over-copy-binary',
    title: 'append over \\copy of a ready binary file of the same rows',
    unit: RATE,
    direction: 'at least',
    goal: 0.7,
  },
  {
    name: 'postgres/append-over-copy-csv-worst-mix',
    title: 'append of wide decimals, JSON, blobs and bit strings over \\copy of a ready CSV',
    unit: RATE,
    direction: 'at least',
    goal: 0.8,
  },
  {
    name: 'postgres/append-memory',
    title: 'peak memory of the loading processes',
    unit: 'MB',
    direction: 'at most',
    goal: 500,
  },
  {
    name: 'postgres/upsert-over-append',
    title: 'upsert of rows of which a tenth changed over append of as many',
    unit: RATE,
    direction: 'at least',
    goal: 0.4,
  },
  {
    name: 'latency/p50-ms',
    title: 'event to visible row, one file at a time',
    unit: 'ms',
    direction: 'at most',
    goal: 700,
  },
  {
    name: 'latency/p99-ms',
    title: 'event to visible row, one file at a time',
    unit: 'ms',
    direction: 'at most',
    goal: 2000,
  },
  {
    name: 'latency/p50-ms-at-10-per-second',
    title: 'event to visible row, 10 files a second',
    unit: 'ms',
    direction: 'at most',
    goal: 700,
  },
  {
    name: 'latency/p99-ms-at-10-per-second',
    title: 'event to visible row, 10 files a second',
    unit: 'ms',
    direction: 'at most',
    goal: 2000,
  },
  {
    name: 'scale/cost-per-object-100k-over-1k',
    title: 'ledger and queue work per object, 100,000 pending over 1,000',
    unit: CPU,
    direction: 'at most',
    goal: 1.2,
  },
  {
    name: 'scale/cost-per-object-10k-over-1k',
    title: 'ledger and queue work per object, 10,000 pending over 1,000',
    unit: CPU,
    direction: 'at most',
    goal: 1.2,
  },
  {
    name: 'scale/memory-100k-over-1k',
    title: 'peak memory, 100,000 pending over 1,000',
    unit: 'memory ratio',
    direction: 'at most',
    goal: 1.5,
  },
  {
    name: 'scale/cost-4-workers-over-1',
    title: 'ledger and queue work per object, 4 workers over 1',
    unit: CPU,
    direction: 'at most',
    goal: 1.2,
  },
  ...AUTOSCALE_FIGURES,
  {
    name: 'peers/dlt',
    title: 'dlt over Sluice: 1,000 files into one Postgres table',
    unit: 'time ratio',
    direction: 'at least',
    goal: 5,
  },
  {
    name: 'peers/duckdb-script',
    title: 'a DuckDB script over Sluice: 1,000 files into one Postgres table',
    unit: 'time ratio',
    direction: 'at least',
    goal: 1,
  },
  {
    name: 'peers/spark-compaction',
    title: 'pyspark local[2] over Sluice’s engine: compaction',
    unit: 'time ratio',
    direction: 'at least',
    goal: 3,
  },
  {
    name: 'peers/deltalake-compaction',
    title: 'deltalake optimize over Sluice’s engine: compaction',
    unit: CPU,
    direction: 'at least',
    goal: 1,
  },
  {
    name: 'peers/pyarrow-compaction',
    title: 'pyarrow over Sluice’s engine: compaction',
    unit: CPU,
    direction: 'at least',
    goal: 1,
  },
  {
    name: 'peers/polars-describe',
    title: 'full profile over polars describe',
    unit: CPU,
    direction: 'at most',
    goal: 1.1,
  },
  {
    name: 'simulation/cpu-ms-per-object',
    title: 'ledger, queue and workers, arrival to loaded, with a million objects pending',
    unit: 'ms',
    direction: 'at most',
    goal: 2,
  },
] as const satisfies readonly Figure[];

export type FigureName = (typeof FIGURES)[number]['name'];

/** The figure of that name; throws for an unknown one. */
export function figureOf(name: string): Figure {
  const found = FIGURES.find((known) => known.name === name);
  if (found === undefined) throw new Error(`expected a figure of the catalogue, got ${name}`);
  return found;
}
