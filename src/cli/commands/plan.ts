import type { Command } from 'commander';
import type { Dataset } from '../../shared/config/config.js';
import { loadConfig } from '../../shared/config/load.js';
import type { Ledger, ObjectRow, ReplaceScope } from '../../shared/ledger/port.js';
import type { Column } from '../../shared/schema/columns.js';
import { estimateLoad } from '../../shared/warehouses/snowflake/cost.js';
import { whyRewritten } from '../../workers/compact/adopt.js';
import { scopeOf } from '../../workers/plan/replaceScope.js';
import { baseCommand, type CommonOptions, type Io, withIo } from '../io.js';
import { showBytes } from '../output.js';
import { readColumns, requireColumns } from '../snowflake/columns.js';
import { type LoadPlan, planLoads } from '../snowflake/planLoads.js';
import { namedDataset, withServices } from '../withServices.js';

interface Options extends CommonOptions {
  readonly sql?: boolean;
  readonly columns?: string;
}

/** What waits to be loaded. `again`: what is loaded already and read again beside it (mode replace). */
interface Waiting {
  readonly objects: number;
  readonly bytes: number;
  readonly batches: number;
  readonly again?: { readonly objects: number; readonly bytes: number };
}

/** `sluice plan D`. */
export function planCommand(): Command {
  return baseCommand('plan', 'what a run would do, and what it would cost; changes nothing')
    .argument('<dataset>')
    .option('--sql', 'every statement that its Snowflake loads run')
    .option('--columns <list>', 'such as "id BIGINT, at TIMESTAMP": asks no service; default: the schema in the ledger')
    .action((name: string, options: Options) => withIo(options, (io) => runPlan(name, options, io)));
}

async function runPlan(name: string, options: Options, io: Io): Promise<void> {
  const config = loadConfig(io.configFile);
  const dataset = namedDataset(config, name);
  const given = options.columns === undefined ? undefined : readColumns(options.columns);
  const { columns, waiting } =
    given === undefined ? await askLedger(io, dataset) : { columns: given, waiting: undefined };
  const sql = options.sql === true ? planLoads(config, dataset, requireColumns(columns, name)) : undefined;
  const loadBytes =
    waiting === undefined || waiting.batches === 0
      ? 0
      : (waiting.bytes + (waiting.again?.bytes ?? 0)) / waiting.batches;
  const cost =
    sql === undefined && loadBytes === 0 ? undefined : estimateLoad({ bytes: loadBytes || dataset.batch.targetBytes });
  const loads = dataset.load.map(({ target, table, mode }) => ({ target, table, mode }));
  const rewritten = whyRewritten(dataset, config.targets);
  const adopts = { adopts: rewritten === undefined, ...(rewritten === undefined ? {} : { rewrites: rewritten }) };
  const hasSnowflake = dataset.load.some(({ target }) => config.targets[target]?.type === 'snowflake');
  io.output.answer(
    { dataset: name, waiting, loads, lone: adopts, ...(hasSnowflake && { creditsALoad: cost }), sql: sql?.map(asJson) },
    () => {
      const { output } = io;
      if (waiting !== undefined)
        output.line(`${waiting.objects} objects wait (${showBytes(waiting.bytes)}), about ${waiting.batches} batches`);
      if (waiting?.again !== undefined)
        output.line(
          `${waiting.again.objects} loaded objects of theirs (${showBytes(waiting.again.bytes)}) are read again`,
        );
      output.line(
        `a Parquet file alone in its batch is ${rewritten === undefined ? 'loaded as it is, if it has the columns of the schema' : `written anew: ${rewritten}`}`,
      );
      for (const { way, credits, why } of hasSnowflake ? (cost ?? []) : [])
        output.line(`${way}: about ${credits.toFixed(5)} credits a load (${why})`);
      for (const plan of sql ?? []) showPlan(io, plan);
    },
  );
}

async function askLedger(
  io: Io,
  dataset: Dataset,
): Promise<{ columns: readonly Column[] | undefined; waiting: Waiting }> {
  return await withServices(io, { part: 'once', queue: false }, async ({ ledger }) => {
    const columns = (await ledger.read.schema(dataset.name))?.columns;
    const scope = scopeOf(dataset);
    if (scope !== undefined) return { columns, waiting: await askScopes(ledger, dataset.name, scope) };
    const { targetBytes, maxFiles } = dataset.batch;
    const rows = (await ledger.objects.counts()).filter(
      (row) => row.dataset === dataset.name && row.state === 'arrived',
    );
    const objects = rows.reduce((sum, row) => sum + row.objects, 0);
    const bytes = rows.reduce((sum, row) => sum + row.bytes, 0);
    const batches = Math.ceil(Math.max(bytes / targetBytes, objects / maxFiles));
    return { columns, waiting: { objects, bytes, batches } };
  });
}

/** Objects of a dataset that are looked at for a plan. */
const LOOKED_AT = 1_000_000;

/** Of a table that is replaced whole only the last partition is read. */
async function askScopes({ objects }: Ledger, dataset: string, scope: ReplaceScope): Promise<Waiting> {
  const pending = await objects.list({ dataset, state: 'arrived', limit: LOOKED_AT });
  const all = [...new Set(pending.map(({ partition }) => partition))].toSorted();
  const loaded = await objects.list({ dataset, state: 'loaded', limit: LOOKED_AT });
  const last = [...all, ...loaded.map(({ partition }) => partition)].reduce((a, b) => (a > b ? a : b), '');
  const partitions = new Set(scope === 'table' ? all.filter((partition) => partition === last) : all);
  const mine = pending.filter(({ partition }) => partitions.has(partition));
  return {
    ...sumOf(mine),
    batches: partitions.size,
    again: sumOf(loaded.filter((one) => partitions.has(one.partition))),
  };
}

function sumOf(objects: readonly ObjectRow[]): { readonly objects: number; readonly bytes: number } {
  return { objects: objects.length, bytes: objects.reduce((sum, { size }) => sum + size, 0) };
}

function asJson({ target, table, steps }: LoadPlan) {
  return {
    target,
    table,
    steps: steps.map(({ step, statements }) => ({ step, statements: statements.map(({ text }) => text) })),
  };
}

function showPlan({ output }: Io, { target, table, steps }: LoadPlan): void {
  output.line(`\n-- ${target}: ${table}`);
  for (const { step, statements } of steps) {
    output.line(`-- ${step}`);
    for (const { text } of statements) output.line(`${text};`);
  }
}
