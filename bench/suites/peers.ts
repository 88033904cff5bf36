import { dirname, join } from 'node:path';
import { eventFiles, eventsFile } from '../data/events.js';
import type { FigureName } from '../harness/catalogue.js';
import { cpu, type Metric, notRun, ratioResult, wall } from '../harness/result.js';
import { Refused, runPairs } from '../harness/runPairs.js';
import type { Args, SideSpec } from '../harness/side.js';
import { findPython, versionOf } from '../peers/python.js';
import { openBenchServices } from '../services.js';
import type { Bench, Suite } from '../suite.js';
import { learnt, partOf } from './compaction.js';

const THREADS = { POLARS_MAX_THREADS: '2', OMP_NUM_THREADS: '2', RAYON_NUM_THREADS: '2', TOKIO_WORKER_THREADS: '2' };

/** What users would pick instead, each at its best settings, where its runtime is present. */
export const peersSuite: Suite = async (bench) => {
  const pace = { ...bench, pairs: Math.min(bench.pairs, 3) };
  await describes(pace);
  await compactions(pace);
  await loads(pace);
};

async function describes(bench: Bench): Promise<void> {
  await withPeer(bench, 'peers/polars-describe', 'polars', async (python) => {
    const file = await eventsFile(bench.quick ? 20_000 : 1_000_000 * bench.part);
    const args = { file, scratch: join(bench.scratch, 'profile') };
    const a = { title: 'Sluice profile', module: 'profile', name: 'sluice', args };
    const b: SideSpec = {
      title: `polars ${versionOf(python, 'polars')} describe`,
      module: 'python',
      name: 'report',
      args: { program: python, script: 'polars_describe.py', arguments: [file] },
      env: THREADS,
    };
    bench.add(ratioResult('peers/polars-describe', await runPairs({ a, b }, bench), cpu));
  });
}

interface Compaction {
  readonly name: FigureName;
  readonly module: string;
  readonly script: string;
  readonly metric: Metric;
}

const COMPACTIONS: readonly Compaction[] = [
  { name: 'peers/spark-compaction', module: 'pyspark', script: 'spark_compact.py', metric: wall },
  { name: 'peers/deltalake-compaction', module: 'deltalake', script: 'delta_compact.py', metric: cpu },
  { name: 'peers/pyarrow-compaction', module: 'pyarrow', script: 'pyarrow_compact.py', metric: cpu },
];

async function compactions(bench: Bench): Promise<void> {
  const size = bench.quick ? { rows: 20_000, files: 20 } : partOf({ rows: 800_000, files: 400 }, bench.part);
  const { files, columns } = await learnt(bench, 'plain.parquet', size);
  const scratch = join(bench.scratch, 'compaction');
  const b = { title: 'Sluice engine', module: 'compaction', name: 'engine', args: { files, columns, scratch } };
  for (const { name, module, script, metric } of COMPACTIONS) {
    await withPeer(bench, name, module, async (python) => {
      const out = join(scratch, module);
      const args: Args = { program: python, script, columns, out, arguments: [dirname(files[0] ?? ''), out] };
      const title = `${module} ${versionOf(python, module)}`;
      const a: SideSpec = { title, module: 'python', name: 'compact', args, env: THREADS };
      bench.add(ratioResult(name, await runPairs({ a, b }, bench), metric));
    });
  }
}

async function loads(bench: Bench): Promise<void> {
  const size = bench.quick ? { rows: 20_000, files: 20 } : partOf({ rows: 500_000, files: 1000 }, bench.part);
  const files = await eventFiles(size, 'plain.parquet'); // dlt does not know Arrow's UUIDs
  const services = await openBenchServices(bench.scratch);
  const folder = dirname(files[0] ?? '');
  const counted = services.pids;
  let runs = 0;
  const sluice = async (): Promise<SideSpec> => {
    const scratch = join(bench.scratch, `sluice-${runs++}`);
    const [ledgerUrl, url] = [await services.freshDatabase(), await services.freshDatabase()];
    const args = { folder, files: files.length, scratch, redisUrl: services.redisUrl, ledgerUrl, url };
    return { title: 'Sluice, everything', module: 'pipeline', name: 'folder', args, counted };
  };
  const peer = (title: string, script: string, table: string, python: string) => async (): Promise<SideSpec> => {
    const url = await services.freshDatabase();
    const args = {
      program: python,
      script,
      table,
      url,
      arguments: [folder, url, join(bench.scratch, `peer-${runs++}`)],
    };
    return { title, module: 'python', name: 'load', args, counted, env: THREADS };
  };
  try {
    await withPeer(bench, 'peers/dlt', 'dlt', async (python) => {
      const a = peer(`dlt ${versionOf(python, 'dlt')}`, 'dlt_load.py', 'peer.events', python);
      bench.add(ratioResult('peers/dlt', await runPairs({ a, b: sluice }, bench), wall));
    });
    await withPeer(bench, 'peers/duckdb-script', 'duckdb, psycopg2', async (python) => {
      const a = peer(`duckdb ${versionOf(python, 'duckdb')} script`, 'duckdb_load.py', 'events', python);
      bench.add(ratioResult('peers/duckdb-script', await runPairs({ a, b: sluice }, bench), wall));
    });
  } finally {
    await services.close();
  }
}

/** A peer that is absent, or breaks, is listed as not run; the others go on. */
async function withPeer(
  bench: Bench,
  name: FigureName,
  module: string,
  work: (python: string) => Promise<void>,
): Promise<void> {
  const python = findPython(module);
  if (python === undefined) {
    bench.add(notRun(name, `no Python with ${module}: see bench/peers/README.md`));
    return;
  }
  try {
    await work(python);
  } catch (error) {
    if (error instanceof Refused) throw error;
    bench.note(`  ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    bench.add(notRun(name, (error instanceof Error ? error.message : String(error)).split('\n', 1)[0] ?? ''));
  }
}
