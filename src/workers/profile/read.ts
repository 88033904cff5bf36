import { QUANTILES } from '../../shared/findings/reports.js';
import { countOf, finiteOrName, listOf, numberOf, scalarOf, structOf, textOf } from '../../shared/findings/values.js';
import { FORMAT_NAMES } from './patterns.js';
import { HUGE_SCALE, SKETCH_BUCKETS } from './sql.js';
import type { ColumnProfile, HistogramBin, Scalar } from '../../shared/findings/reports.js';
import type { EngineRow } from '../../shared/engine/port.js';
import { isElement, pathOf } from './parts.js';
import type { PlannedColumn } from './plan.js';

/** Standard error of the distinct estimate, as a fraction of it. */
export const SKETCH_ERROR = 1 / Math.sqrt(SKETCH_BUCKETS);

/** The fields that one row of `aggregatesSql` says about a column. */
export function readAggregates(column: PlannedColumn, row: EngineRow): ColumnProfile {
  const { at, kind } = column;
  const among = isElement(column);
  const rows = countOf(row, among ? `rows${at}` : 'rows');
  const nulls = rows - countOf(row, `values${at}`);
  const shortest = numberOf(row, `shortest${at}`);
  return {
    name: column.name,
    ...(column.steps.length > 1 ? { path: pathOf(column.steps) } : {}),
    type: column.type,
    ...(among ? { elements: rows } : {}),
    nulls,
    nullFraction: rows === 0 ? 0 : nulls / rows,
    ...readEnds(column, row),
    ...readMoments(column, row, 1),
    ...(shortest === undefined
      ? {}
      : { lengths: { min: shortest, max: countOf(row, `longest${at}`), mean: countOf(row, `length${at}`) } }),
    ...(kind === 'float' ? { nan: 0, infinite: 0 } : {}),
  };
}

/** Whether a float column has values that the row of `aggregatesSql` leaves out. */
export function isOdd({ at, kind }: PlannedColumn, row: EngineRow): boolean {
  return kind === 'float' && countOf(row, `plain${at}`) < countOf(row, `values${at}`);
}

/** What a row of `oddFloatsSql` says about a column, in place of what the row of `aggregatesSql` said. */
export function readOdd(column: PlannedColumn, row: EngineRow): Partial<ColumnProfile> {
  const { at } = column;
  return {
    ...readEnds(column, row),
    ...readMoments(column, row, 1),
    nan: countOf(row, `nan${at}`),
    infinite: countOf(row, `infinite${at}`),
  };
}

function readEnds({ at, kind }: PlannedColumn, row: EngineRow): Pick<ColumnProfile, 'min' | 'max'> {
  const min = textOf(row, `min${at}`);
  const max = textOf(row, `max${at}`);
  return {
    ...(min === undefined ? {} : { min: scalarOf(kind, min) }),
    ...(max === undefined ? {} : { max: scalarOf(kind, max) }),
  };
}

/** Whether a float column has values that must be measured scaled down. */
export function isHuge(column: PlannedColumn, row: EngineRow): boolean {
  return column.kind === 'float' && countOf(row, `huge${column.at}`) > 0;
}

/** Mean and deviation as `scaledSql` gives them. */
export function readScaled(column: PlannedColumn, row: EngineRow): Pick<ColumnProfile, 'mean' | 'stddev'> {
  return readMoments(column, row, HUGE_SCALE);
}

/** The least and greatest finite value of a numeric column as doubles; undefined when it has none. */
export function finiteRange(column: PlannedColumn, row: EngineRow): { min: number; max: number } | undefined {
  const end = (exact: string, finite: string): number =>
    column.kind === 'float'
      ? (numberOf(row, finite + column.at) ?? Number.NaN)
      : Number(textOf(row, exact + column.at) ?? 'none');
  const range = { min: end('min', 'low'), max: end('max', 'high') };
  return Number.isFinite(range.min) && Number.isFinite(range.max) ? range : undefined;
}

/** The estimate of distinct values from a row of `sketchSql`: each bucket's smallest hash of n/k values is about k/n. */
export function readSketch(row: EngineRow): number {
  const filled = countOf(row, 'buckets');
  const k = SKETCH_BUCKETS;
  if (filled < k) return Math.round(-k * Math.log1p(-filled / k));
  return Math.round((k * (k - 1)) / (numberOf(row, 'total') ?? k));
}

/** Exact distinct count and top values from a row of `groupsSql`. */
export function readGroups(
  column: PlannedColumn,
  row: EngineRow,
): Pick<ColumnProfile, 'distinct' | 'distinctMethod' | 'top'> {
  const top = listOf(row, 'top').map((item) => {
    const entry = structOf(item);
    return { value: scalarOf(column.kind, textOf(entry, 'value') ?? ''), rows: countOf(entry, 'rows') };
  });
  const shown = column.kind !== 'blob' && column.kind !== 'bit';
  const head = { distinct: countOf(row, 'distinct'), distinctMethod: 'exact' } as const;
  return { ...head, ...(shown ? { top } : {}), ...readPatterns(row) };
}

/** The patterns of a row of `groupsSql` or `widePatternsSql`; none without a value. */
export function readPatterns(row: EngineRow): Pick<ColumnProfile, 'patterns'> {
  const found = structOf(row['patterns']);
  const [values, rows] = [countOf(found, 'values'), countOf(found, 'rows')];
  if (values === 0) return {};
  const top = listOf(found, 'top').map((item) => {
    const entry = structOf(item);
    return { pattern: textOf(entry, 'pattern') ?? '', rows: countOf(entry, 'rows') };
  });
  const formats = structOf(found['formats']);
  const format = FORMAT_NAMES.find((name) => countOf(formats, name) === rows);
  return { patterns: { values, rows, top, ...(format === undefined ? {} : { format }) } };
}

/** Rows on days that often stand for none, from a row of `sentinelsSql`. */
export function readSentinels(row: EngineRow): Pick<ColumnProfile, 'sentinels'> {
  const sentinels = listOf(row, 'found').map((item) => {
    const entry = structOf(item);
    return { value: textOf(entry, 'value') ?? '', rows: countOf(entry, 'rows') };
  });
  return sentinels.length === 0 ? {} : { sentinels };
}

/** Quantiles of a column from the row of `spreadSql`; undefined when it had no value. */
export function readQuantiles(column: PlannedColumn, row: EngineRow): ColumnProfile['quantiles'] | undefined {
  const values = listOf(row, `quantiles${column.at}`).map(String);
  const names = Object.keys(QUANTILES);
  if (values.length !== names.length) return undefined;
  const read = (at: number): Scalar => scalarOf(column.kind, values[at] ?? '');
  return { p1: read(0), p5: read(1), p25: read(2), p50: read(3), p75: read(4), p95: read(5), p99: read(6) };
}

/** The bars of a column; `scale` turns the rows of a sample into rows of the source. */
export function readHistogram(
  bars: readonly unknown[],
  ends: { min: number; max: number; bounds: readonly number[] },
  scale: number,
): readonly HistogramBin[] {
  const edges = [ends.min, ...ends.bounds, ends.max];
  return bars.map((rows, index) => ({
    from: edges[index] ?? ends.min,
    to: edges[index + 1] ?? ends.max,
    rows: Math.round(Number(rows) * scale),
  }));
}

function readMoments(column: PlannedColumn, row: EngineRow, scale: number): Pick<ColumnProfile, 'mean' | 'stddev'> {
  const mean = numberOf(row, `mean${column.at}`);
  const stddev = numberOf(row, `stddev${column.at}`);
  return {
    ...(mean === undefined ? {} : { mean: finiteOrName(mean * scale) }),
    ...(stddev === undefined ? {} : { stddev: finiteOrName(stddev * scale) }),
  };
}
