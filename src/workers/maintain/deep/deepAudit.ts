import type { Config, Dataset } from '../../../shared/config/config.js';
import type { Engine } from '../../../shared/engine/port.js';
import { SluiceError, toSluiceError } from '../../../shared/errors.js';
import { asObjectId, type BatchId, type ObjectId } from '../../../shared/ids.js';
import type { Manifest } from '../../../shared/ledger/manifest.js';
import type { ReadLedger } from '../../../shared/ledger/port.js';
import { quoteText } from '../../../shared/schema/columns.js';
import type { ObjectStore } from '../../../shared/stores/port.js';
import type { Warehouse } from '../../../shared/warehouses/port.js';
import { askTable } from '../../../shared/warehouses/postgres/askTable.js';
import { parseTableName, quoteTable, tableKey } from '../../../shared/warehouses/postgres/identifiers.js';
import { planTable } from '../../../shared/warehouses/postgres/planTable.js';
import type { BatchScratch } from '../../batchScratch.js';
import { type AskedSide, compareRows, type RowDifference } from './compareRows.js';
import { type ComparedField, comparedField } from './fields.js';
import { holdScratch } from './heldScratch.js';
import { DUCKDB, POSTGRES, POSTGRES_SETTINGS } from './sql.js';

/** A row of a file that differs from its table, without its values. */
export interface FoundDifference extends Omit<RowDifference, 'object'> {
  readonly uri: string;
}

/** How the artifacts of a dataset compare with one of its tables. */
export interface DeepTable {
  readonly dataset: string;
  readonly target: string;
  readonly table: string;
  readonly batches: number;
  readonly rows: number;
  /** `unverified`: a side could not be read; it counts as a failure. */
  readonly verdict: 'same' | 'different' | 'unverified';
  readonly reason?: string;
  /** Columns whose type has no text that both sides write alike. */
  readonly notCompared: readonly string[];
  /** At most 50. */
  readonly differences: readonly FoundDifference[];
}

export interface DeepAuditRequest {
  readonly config: Config;
  readonly dataset: Dataset;
  readonly ledger: Pick<ReadLedger, 'auditPage' | 'batch' | 'loads'>;
  readonly engine: Engine;
  readonly lake: ObjectStore;
  readonly sourceStore: (dataset: string) => ObjectStore;
  readonly warehouse: (target: string) => Pick<Warehouse, 'kind' | 'ask'>;
  /** An existing folder. */
  readonly scratch: string;
  readonly signal: AbortSignal;
}

/** So many differing rows of a table are named. */
export const NAMED = 50;
/** All batches of a dataset. */
const ALL = 1_000_000;

/**
 * Compares the rows of a dataset's artifacts with those in its tables, batch by batch: sums of row hashes in buckets, then the rows of
 * the buckets that differ. Objects whose rows left the table by a rule are left out. Reads only; safe to run at any time.
 */
export async function deepAudit(request: DeepAuditRequest): Promise<readonly DeepTable[]> {
  const { dataset, ledger } = request;
  const loads = await ledger.loads(dataset.name, ALL);
  const live = await liveObjects(request);
  const tables: DeepTable[] = [];
  for (const { target, table, mode } of dataset.load) {
    const batches = loads.filter((load) => load.target === target && load.table === table).map(({ batch }) => batch);
    tables.push(await compareTable(request, { target, table, mode, batches, live }));
  }
  return tables;
}

type LiveObjects = ReadonlyMap<ObjectId, { readonly uri: string; readonly batch?: BatchId }>;

/** The addresses of objects whose rows are in the tables now, and the batches that they came by last. */
async function liveObjects({ ledger, dataset, signal }: DeepAuditRequest): Promise<LiveObjects> {
  const live = new Map<ObjectId, { readonly uri: string; readonly batch?: BatchId }>();
  let after: ObjectId | undefined;
  for (;;) {
    signal.throwIfAborted();
    const page = await ledger.auditPage(dataset.name, after, 10_000);
    for (const { object, state, uri, batch } of page)
      if (state === 'loaded') live.set(object, { uri, ...(batch === undefined ? {} : { batch }) });
    after = page.at(-1)?.object;
    if (after === undefined) return live;
  }
}

interface TablePlace {
  readonly target: string;
  readonly table: string;
  readonly mode: Dataset['load'][number]['mode'];
  readonly batches: readonly BatchId[];
  readonly live: LiveObjects;
}

async function compareTable(request: DeepAuditRequest, place: TablePlace): Promise<DeepTable> {
  const { target, table, batches, live } = place;
  const differences: FoundDifference[] = [];
  const notCompared = new Set<string>();
  let [rows, compared] = [0, 0];
  const report = (verdict: DeepTable['verdict'], reason?: string): DeepTable => ({
    dataset: request.dataset.name,
    target,
    table,
    batches: compared,
    rows,
    verdict,
    ...(reason === undefined ? {} : { reason }),
    notCompared: [...notCompared],
    differences,
  });
  const held = holdScratch(request);
  try {
    for (const batch of batches) {
      request.signal.throwIfAborted();
      const { manifest, merged } = (await request.ledger.batch(batch)) ?? {};
      const objects =
        manifest?.objects.filter(({ object, kind }) => kind === 'included' && live.get(object)?.batch === batch) ?? [];
      if (manifest === undefined || objects.length === 0 || manifest.artifacts.length === 0) continue;
      const wanted = objects.map(({ object }) => object);
      const answer = await compareBatch(request, place, {
        manifest,
        artifacts: merged ?? manifest.artifacts,
        wanted,
        limit: NAMED - differences.length,
        files: await held.open(merged?.[0]?.key ?? batch),
      });
      for (const name of answer.notCompared) notCompared.add(name);
      for (const { object, ...rest } of answer.found)
        differences.push({ uri: live.get(asObjectId(object))?.uri ?? object, ...rest });
      rows += objects.reduce((sum, object) => sum + (object.kind === 'included' ? object.rows : 0), 0);
      compared += 1;
      if (differences.length >= NAMED) break;
    }
  } catch (error) {
    if (request.signal.aborted) throw error;
    const { code, message } = toSluiceError(error);
    return report('unverified', `${code}: ${message}`);
  } finally {
    await held.close();
  }
  return report(differences.length === 0 ? 'same' : 'different');
}

interface BatchWork {
  readonly manifest: Manifest;
  /** Where its rows lie now. */
  readonly artifacts: Manifest['artifacts'];
  readonly files: BatchScratch;
  /** Objects whose rows are in the table. */
  readonly wanted: readonly ObjectId[];
  readonly limit: number;
}

interface BatchAnswer {
  readonly found: readonly RowDifference[];
  readonly notCompared: readonly string[];
}

async function compareBatch(request: DeepAuditRequest, place: TablePlace, work: BatchWork): Promise<BatchAnswer> {
  const { signal } = request;
  const { manifest, artifacts, wanted, limit, files } = work;
  const { where, fields, notCompared } = await planTarget(request, place, manifest);
  const session = await files.session();
  const ask: AskedSide['ask'] = async (sql) =>
    (await session.query(sql, signal)).map((row) =>
      Object.fromEntries(Object.entries(row).map(([name, value]) => [name, String(value)])),
    );
  const ids = wanted.map((object) => `${quoteText(object)}::UUID`).join(', ');
  const rows = await files.source({ artifacts, columns: manifest.columns }, signal);
  const found = await compareRows({
    source: {
      rows: `${rows} WHERE _sluice_object IN (${ids})`,
      fields: fields.map((field) => field.source),
      dialect: DUCKDB,
      ask,
    },
    target: {
      rows: where,
      fields: fields.map((field) => field.target),
      dialect: POSTGRES,
      ask: async (sql) => askTarget(request.warehouse(place.target), POSTGRES_SETTINGS + sql),
    },
    names: fields.map(({ name }) => name),
    rows: manifest.rows.out,
    isComplete: place.mode !== 'upsert',
    limit,
    signal,
  });
  return { found, notCompared };
}

interface TargetPlan {
  /** The table with the rows of the batch, after FROM. */
  readonly where: string;
  readonly fields: readonly ComparedField[];
  readonly notCompared: readonly string[];
}

/** How the table as it is now holds the columns of a manifest. Errors: TARGET_MISMATCH for a table that lacks one. */
async function planTarget(
  { config, warehouse }: DeepAuditRequest,
  { target, table }: TablePlace,
  { columns, batch }: Manifest,
): Promise<TargetPlan> {
  const house = warehouse(target);
  const settings = config.targets[target];
  if (house.kind !== 'postgres' || settings?.type !== 'postgres')
    throw new SluiceError('USAGE', `expected a Postgres target to compare rows with, got ${house.kind}`);
  const name = parseTableName(table, settings.schema);
  const have = (await askTable(house, name)) ?? [];
  const { ddl, columns: wire } = planTable(name, columns, have);
  if (ddl.length > 0)
    throw new SluiceError(
      'TARGET_MISMATCH',
      `expected ${tableKey(name)} with the columns that were loaded, got ${have.length} others`,
    );
  const planned = wire.map((column) => ({ name: column.source, field: comparedField(column) }));
  return {
    where: `${quoteTable(name)} WHERE _sluice_batch = ${quoteText(batch)}`,
    fields: planned.flatMap(({ field }) => (field === undefined ? [] : [field])),
    notCompared: planned.flatMap((one) => (one.field === undefined ? [one.name] : [])),
  };
}

async function askTarget(
  { ask }: Pick<Warehouse, 'ask'>,
  sql: string,
): Promise<readonly Readonly<Record<string, string>>[]> {
  const { columns, rows } = await ask(sql);
  return rows.map((row) => Object.fromEntries(columns.map((column, at) => [column, row[at] ?? ''])));
}
