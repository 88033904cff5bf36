import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Dataset } from '../../shared/config/config.js';
import { isSluiceError, SluiceError, toSluiceError } from '../../shared/errors.js';
import { type BatchId, newBatchId } from '../../shared/ids.js';
import type { Artifact } from '../../shared/ledger/manifest.js';
import type { MergeUnit } from '../../shared/ledger/port.js';
import { PROVENANCE_COLUMNS, quoteName } from '../../shared/schema/columns.js';
import { type BatchScratch, openBatchScratch } from '../batchScratch.js';
import { copySql, objectRowsFrom, parquetSql, stampSql } from '../compact/sql.js';
import type { WorkerContext } from '../context.js';
import { planMerges, SMALL } from './plan.js';

/** An artifact that is gone, or that somebody overwrote, keeps its own batch from merging, no other. */
const isUnreadable = (error: unknown) =>
  isSluiceError(error, 'OBJECT_MISSING') || isSluiceError(error, 'OBJECT_CHANGED');

/** The places where a merge can be cut off, in order. */
export const MERGE_PHASES = ['begun', 'written', 'put', 'committed'] as const;
export type MergePhase = (typeof MERGE_PHASES)[number];

/** What was merged. */
export interface MergeReport {
  /** Small artifacts before and after. */
  readonly smallBefore: number;
  readonly smallAfter: number;
  readonly merges: number;
  /** Groups whose artifacts could not be read, or that another merge took. */
  readonly left: number;
}

type Merging = Pick<
  WorkerContext,
  'ledger' | 'lake' | 'sourceStore' | 'engine' | 'config' | 'clock' | 'logger' | 'scratch'
>;

interface MergeOptions {
  readonly signal: AbortSignal;
  /** For tests that cut a merge off there. */
  readonly onPhase?: (phase: MergePhase) => Promise<void>;
}

/**
 * Merges the small artifacts of a dataset's loaded batches, one group after the other. Nothing is loaded again: manifests and targets stay
 * as they are. Commit point of a group: `ledger.merges.commit`; before it the old artifacts are read, from it on the new one, and
 * retention deletes those that nobody reads a day later. Safe to run twice and at once: a unit is in one merge. A batch whose artifacts
 * cannot be read is left, and said. Errors (after the other groups were merged): LEDGER_AWAY, LAKE's, those of the engine.
 */
export async function mergeArtifacts(context: Merging, dataset: Dataset, options: MergeOptions): Promise<MergeReport> {
  const { targetBytes } = dataset.batch;
  const small = async () => context.ledger.merges.units(dataset.name, targetBytes * SMALL);
  const units = await small();
  const piles = planMerges(units, { targetBytes, generations: dataset.compact.generations });
  let merges = 0;
  const errors: unknown[] = [];
  for (const pile of piles) {
    options.signal.throwIfAborted();
    try {
      if (await mergePile(context, { dataset, pile }, options)) merges += 1;
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) throw errors[0];
  const smallAfter = piles.length === 0 ? count(units) : count(await small());
  return { smallBefore: count(units), smallAfter, merges, left: piles.length - merges };
}

function count(units: readonly MergeUnit[]): number {
  return units.reduce((sum, { artifacts }) => sum + artifacts.length, 0);
}

interface Pile {
  readonly dataset: Dataset;
  readonly pile: readonly MergeUnit[];
}

/** False where too few of the old artifacts could be read, or another merge was first. */
async function mergePile(context: Merging, { dataset, pile: whole }: Pile, options: MergeOptions): Promise<boolean> {
  const { ledger, clock, logger, engine, lake, scratch, config } = context;
  const merge = newBatchId(clock.now());
  const files = await openBatchScratch({
    folder: join(scratch, `merge-${merge}`),
    engine,
    lake,
    sourceStore: () => context.sourceStore(dataset.name),
    ...config.worker,
  });
  const reached = async (phase: MergePhase) => options.onPhase?.(phase);
  try {
    const pile = await fetchPile(context, files, { dataset, pile: whole }, options.signal);
    const [first] = pile;
    if (first === undefined || count(pile) < 2) return false;
    const { partition, columns } = first;
    const generation = first.generation + 1;
    await ledger.merges.begin({ merge, dataset: dataset.name, partition, generation, columns });
    await reached('begun');
    const path = await writeMerged(files, { dataset, pile, merge, generation }, options.signal);
    await reached('written');
    const artifact = await putMerged(context, { merge, dataset, partition, path, rows: rowsOf(pile) }, options.signal);
    await reached('put');
    const done = await ledger.merges.commit(merge, pile, [artifact]);
    await reached('committed');
    logger.info(
      { dataset: dataset.name, partition, merge, generation, from: count(pile), done },
      'artifacts were merged',
    );
    return done;
  } finally {
    await files.close();
  }
}

/** The units whose artifacts are there, fetched. */
async function fetchPile(
  { logger }: Merging,
  files: BatchScratch,
  { dataset, pile }: Pile,
  signal: AbortSignal,
): Promise<readonly MergeUnit[]> {
  const all = { artifacts: pile.flatMap(({ artifacts }) => artifacts) };
  const isWhole = await files.files(all, signal).then(
    () => true,
    (error: unknown) => {
      if (!isUnreadable(error)) throw error;
      return false;
    },
  );
  if (isWhole) return pile;
  const fetched: MergeUnit[] = [];
  for (const unit of pile) {
    try {
      await files.files(unit, signal);
      fetched.push(unit);
    } catch (error) {
      if (!isUnreadable(error)) throw error;
      const { code, message } = toSluiceError(error);
      logger.warn(
        { dataset: dataset.name, code, [unit.kind]: unit.id },
        `small artifacts are left as they are: ${message}`,
      );
    }
  }
  return fetched;
}

interface Writing extends Pile {
  readonly merge: BatchId;
  readonly generation: number;
}

/** Writes the rows of all units into one file, and proves that each object's rows are the same before and after. */
async function writeMerged(
  files: BatchScratch,
  { dataset, pile, merge, generation }: Writing,
  signal: AbortSignal,
): Promise<string> {
  const columns = pile[0]?.columns ?? [];
  const artifacts = pile.flatMap((unit) => unit.artifacts);
  const own = artifacts.filter(({ adopted }) => adopted === undefined);
  const parts = [...(own.length === 0 ? [] : [own]), ...artifacts.flatMap((one) => (one.adopted ? [[one]] : []))];
  const names = [...columns, ...PROVENANCE_COLUMNS].map(({ name }) => quoteName(name)).join(', ');
  const selects: string[] = [];
  for (const part of parts)
    selects.push(`SELECT ${names} FROM ${await files.source({ artifacts: part, columns }, signal)}`);
  const select = selects.join('\nUNION ALL\n');
  const folder = join(files.folder, 'out');
  await mkdir(folder, { recursive: true });
  const path = join(folder, 'merged.parquet');
  const session = await files.session();
  await session.run(stampSql(JSON.stringify({ dataset: dataset.name, merge, generation })), signal);
  const { compression, pages, sort } = dataset.compact;
  await session.run(copySql(select, { path, compression, pages, sort }), signal);
  const ask = async (source: string) => {
    const rows = await session.query(objectRowsFrom(source, columns), signal);
    return rows.map((row) => Object.values(row).map(String).join(' ')).sort();
  };
  const [before, after] = [await ask(`(${select})`), await ask(parquetSql([path]))];
  const [row] = await session.query(`SELECT count(*) AS rows FROM ${parquetSql([path])}`, signal);
  if (before.join('\n') === after.join('\n') && Number(row?.['rows']) === rowsOf(pile)) return path;
  throw new SluiceError(
    'CONTENT_MISMATCH',
    `expected the ${rowsOf(pile)} rows of ${artifacts.length} artifacts in the merged one, got ${String(row?.['rows'])} or other values`,
  );
}

interface Putting extends Pick<Writing, 'merge' | 'dataset'> {
  readonly partition: string;
  readonly path: string;
  readonly rows: number;
}

async function putMerged(
  { lake }: Merging,
  { merge, dataset, partition, path, rows }: Putting,
  signal: AbortSignal,
): Promise<Artifact> {
  const key = `${dataset.compact.prefix}${partition === '' ? '' : `${partition}/`}${merge}-1-0.parquet`;
  const { eTag, bytes, sha256 } = await lake.putFile({
    key,
    file: path,
    contentType: 'application/vnd.apache.parquet',
    signal,
  });
  return { key, eTag, bytes, rows, sha256 };
}

function rowsOf(pile: readonly MergeUnit[]): number {
  return pile.flatMap(({ artifacts }) => artifacts).reduce((sum, { rows }) => sum + rows, 0);
}
