import { countOf, listOf } from '../../shared/findings/values.js';
import {
  GROUPED_DISTINCT,
  aggregateGroups,
  countingGroups,
  hasFewValues,
  histogramBounds,
  isCopied,
  planColumns,
  sampleFraction,
} from './plan.js';
import {
  SKETCH_ERROR,
  finiteRange,
  isHuge,
  isOdd,
  readAggregates,
  readGroups,
  readHistogram,
  readOdd,
  readPatterns,
  readQuantiles,
  readScaled,
  readSentinels,
  readSketch,
} from './read.js';
import {
  aggregatesSql,
  distinctSql,
  groupsSql,
  oddFloatsSql,
  scaledSql,
  sentinelsSql,
  sketchSql,
  spreadSql,
} from './sql.js';
import type { EngineRow, EngineSession } from '../../shared/engine/port.js';
import type { ColumnProfile, ProfileReport, Scalar } from '../../shared/findings/reports.js';
import type { Column } from '../../shared/schema/columns.js';
import type { PlannedColumn } from './plan.js';
import type { CountedColumn, SpreadColumn } from './sql.js';

export interface ProfileRequest {
  readonly session: EngineSession;
  /** What may stand after FROM, such as `read_parquet(['/scratch/a.parquet'])`. Read several times: profile the artifact, not its inputs. */
  readonly source: string;
  /** The source's columns; those of Sluice (`_sluice_...`) are left out of the profile. */
  readonly columns: readonly Column[];
  /** Of the files, repeated in the report. */
  readonly bytes?: number;
  /** Columns whose distinct count must be exact whatever it costs. */
  readonly keys?: readonly string[];
  /** Above this many rows quantiles rest on a sample and wide distinct counts are estimated. Default 200,000. */
  readonly exactRows?: number;
  readonly signal?: AbortSignal;
}

/** Where the work on a profile stands: what is known of each column, by its number. */
interface Progress extends ProfileRequest {
  readonly planned: readonly PlannedColumn[];
  readonly found: Map<number, ColumnProfile>;
  /** Least and greatest finite value of each numeric column that has one. */
  readonly ranges: Map<number, Ends>;
}

interface Ends {
  readonly min: number;
  readonly max: number;
}

/** Profiles a source. Counts, extremes, means and top values are exact; what is estimated says so with its error. */
export async function profileSource(request: ProfileRequest): Promise<ProfileReport> {
  const started = performance.now();
  const progress: Progress = { ...request, planned: planColumns(request.columns), found: new Map(), ranges: new Map() };
  const rows = await aggregateAll(progress);
  const fraction = sampleFraction(rows, request.exactRows);
  await countDistinct(progress, rows);
  await findSentinels(progress, rows);
  const sampled = await spread(progress, rows, fraction);
  return {
    rows,
    ...(request.bytes === undefined ? {} : { bytes: request.bytes }),
    columns: progress.planned.flatMap(({ at }) => progress.found.get(at) ?? []),
    ...(fraction === 1 ? {} : { sample: { rows: sampled, fraction, rankError: 1 / Math.sqrt(Math.max(1, sampled)) } }),
    seconds: (performance.now() - started) / 1000,
  };
}

/** Counts, extremes and moments of all columns; returns the rows of the source, which the first group tells. */
async function aggregateAll(progress: Progress): Promise<number> {
  const [first = []] = aggregateGroups(progress.planned);
  const rows = await aggregate(progress, first);
  for (const group of aggregateGroups(progress.planned.slice(first.length), rows)) await aggregate(progress, group);
  return rows;
}

async function aggregate(progress: Progress, group: readonly PlannedColumn[]): Promise<number> {
  const row = await askOne(progress, aggregatesSql(progress.source, group));
  for (const column of group) {
    progress.found.set(column.at, readAggregates(column, row));
    noteRange(progress, column, row);
  }
  const odd = group.filter((column) => isOdd(column, row));
  if (odd.length > 0) await aggregateOdd(progress, odd);
  return countOf(row, 'rows');
}

/** Floats with NaN, infinities or values too large to be summed. */
async function aggregateOdd(progress: Progress, odd: readonly PlannedColumn[]): Promise<void> {
  const row = await askOne(progress, oddFloatsSql(progress.source, odd));
  for (const column of odd) {
    add(progress, column, readOdd(column, row));
    noteRange(progress, column, row);
  }
  const huge = odd.filter((column) => isHuge(column, row));
  if (huge.length === 0) return;
  const scaled = await askOne(progress, scaledSql(progress.source, huge));
  for (const column of huge) add(progress, column, readScaled(column, scaled));
}

function noteRange({ ranges }: Progress, column: PlannedColumn, row: EngineRow): void {
  const range = column.numeric ? finiteRange(column, row) : undefined;
  if (range !== undefined) ranges.set(column.at, range);
}

async function countDistinct(progress: Progress, rows: number): Promise<void> {
  const scalars = progress.planned.filter((column) => column.scalar);
  const isEmpty = ({ at }: PlannedColumn) => (progress.found.get(at)?.nullFraction ?? 0) === 1;
  for (const column of scalars.filter(isEmpty)) add(progress, column, readGroups(column, {}));
  const filled = scalars.filter((column) => !isEmpty(column));
  const counted = filled.map((column) => ({ ...column, rows: progress.found.get(column.at)?.elements ?? rows }));
  const large = counted.filter(
    (column) =>
      sampleFraction(column.rows, progress.exactRows) < 1 && !hasFewValues(column, progress.found.get(column.at)),
  );
  const wide = new Set((await estimate(progress, large)).map(({ at }) => at));
  const copied = isCopied(progress.columns.length, rows, progress.exactRows);
  for (const group of countingGroups(
    filled.filter(({ at }) => !wide.has(at)),
    rows,
  )) {
    const answers = await ask(progress, groupsSql(progress.source, group, copied));
    for (const [column, row] of matched(group, answers)) add(progress, column, readGroups(column, row));
  }
  const keys = filled.filter(({ at, name }) => wide.has(at) && progress.keys?.includes(name) === true);
  if (keys.length === 0) return;
  for (const [column, row] of matched(keys, await ask(progress, distinctSql(progress.source, keys)))) {
    add(progress, column, { distinct: countOf(row, 'distinct'), distinctMethod: 'exact' });
  }
}

/** Estimates each column's distinct count and returns the columns that have too many to be counted by grouping. */
async function estimate(progress: Progress, columns: readonly CountedColumn[]): Promise<readonly PlannedColumn[]> {
  const wide: PlannedColumn[] = [];
  for (const group of aggregateGroups(columns)) {
    const rows = await ask(progress, sketchSql(progress.source, group));
    for (const [column, row] of matched(group, rows)) {
      const distinct = readSketch(row);
      if (distinct <= GROUPED_DISTINCT) continue;
      wide.push(column);
      add(progress, column, readPatterns(row));
      const isKey = progress.keys?.includes(column.name) === true;
      if (!isKey) add(progress, column, { distinct, distinctMethod: 'approximate', distinctError: SKETCH_ERROR });
    }
  }
  return wide;
}

/** Days that often stand for none are counted where an extreme says that there may be some. */
async function findSentinels(progress: Progress, rows: number): Promise<void> {
  const suspects = progress.planned.filter(({ at, kind }) => {
    const { min, max } = progress.found.get(at) ?? {};
    return (kind === 'date' || kind === 'timestamp') && (isEarly(min) || isLate(max));
  });
  const copied = isCopied(progress.columns.length, rows, progress.exactRows);
  for (const group of countingGroups(suspects, rows)) {
    const answers = await ask(progress, sentinelsSql(progress.source, group, copied));
    for (const [column, row] of matched(group, answers)) add(progress, column, readSentinels(row));
  }
}

function isEarly(min: Scalar | undefined): boolean {
  return typeof min === 'string' && (min.includes('BC') || min < '1970-01-02');
}

function isLate(max: Scalar | undefined): boolean {
  return typeof max === 'string' && (max >= '9999-01-01' || /^\d{5}/.test(max));
}

/** Finds quantiles and histograms; returns the rows they rest on. */
async function spread(progress: Progress, rows: number, fraction: number): Promise<number> {
  const ranked = progress.planned.flatMap((column) => planSpread(column, progress.ranges.get(column.at)));
  let sampled = rows;
  for (const group of aggregateGroups(ranked, rows * fraction)) {
    const row = await askOne(progress, spreadSql(progress.source, group, fraction));
    sampled = countOf(row, 'rows');
    for (const { column, range, bounds = [] } of group) {
      const quantiles = readQuantiles(column, row);
      if (quantiles === undefined) continue;
      const bars = listOf(row, `bars${column.at}`);
      const { elements } = progress.found.get(column.at) ?? {};
      const scale =
        elements === undefined ? rows / Math.max(1, sampled) : elements / Math.max(1, countOf(row, `rows${column.at}`));
      const histogram = range && { histogram: readHistogram(bars, { ...range, bounds }, scale) };
      add(progress, column, { quantiles, ...histogram });
    }
  }
  return sampled;
}

function planSpread(column: PlannedColumn, range: Ends | undefined): (SpreadColumn & { readonly range?: Ends })[] {
  if (!column.ranked || (column.numeric && range === undefined)) return [];
  return [range === undefined ? { column } : { column, range, bounds: histogramBounds(range.min, range.max) }];
}

function add({ found }: Progress, { at }: PlannedColumn, fields: Partial<ColumnProfile>): void {
  const known = found.get(at);
  if (known !== undefined) found.set(at, { ...known, ...fields });
}

function matched(
  columns: readonly PlannedColumn[],
  rows: readonly EngineRow[],
): (readonly [PlannedColumn, EngineRow])[] {
  return rows.flatMap((row) =>
    columns.filter(({ at }) => at === countOf(row, 'at')).map((column) => [column, row] as const),
  );
}

function ask({ session, signal }: ProfileRequest, sql: string): Promise<readonly EngineRow[]> {
  return session.query(sql, signal);
}

async function askOne(request: ProfileRequest, sql: string): Promise<EngineRow> {
  return (await ask(request, sql))[0] ?? {};
}
