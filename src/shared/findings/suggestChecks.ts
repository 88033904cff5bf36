import type { ColumnProfile, ProfileReport } from './reports.js';
import { FORMATS } from './reports.js';

/** Checks that a profile suggests, as the configuration of a dataset takes them. */
export interface SuggestedChecks {
  readonly columns: Readonly<Record<string, { readonly checks: readonly SuggestedCheck[] }>>;
  readonly checks: readonly SuggestedCheck[];
}

type SuggestedCheck = string | Readonly<Record<string, unknown>>;

/** Fewer rows than these are no reason to believe that the values seen are all that there are. */
const LEAST_ROWS = 100;
const FEW_VALUES = 10;

/** What holds for the rows that were profiled, and likely for those to come. Each of the checks passes on these very rows, but for formats that were seen in some of them, which only warn. Pure. */
export function suggestChecks({ rows, columns }: ProfileReport): SuggestedChecks {
  const own = columns.filter(({ path }) => path === undefined);
  const suggested = own.map((column) => [column.name, { checks: checksOf(column, rows) }] as const);
  return {
    columns: Object.fromEntries(suggested.filter(([, { checks }]) => checks.length > 0)),
    checks: rows === 0 ? [] : [{ metric: 'rowCount', mustBeGreaterThan: 0 }],
  };
}

function checksOf(column: ColumnProfile, rows: number): readonly SuggestedCheck[] {
  const values = rows - column.nulls;
  if (values === 0) return [];
  return [
    ...presence(column, rows),
    ...uniqueness(column, values),
    ...membership(column, values),
    ...shape(column, values),
  ];
}

function presence({ nulls, nullFraction }: ColumnProfile, rows: number): readonly SuggestedCheck[] {
  if (nulls === 0) return ['required'];
  if (rows < LEAST_ROWS || nullFraction > 0.5) return [];
  const fail = Math.min(100, Math.ceil(nullFraction * 200) + 1);
  return [{ metric: 'nullValues', unit: 'percent', warn: Math.ceil(nullFraction * 100) + 1, fail: Math.max(fail, 5) }];
}

function uniqueness({ distinct, distinctMethod, type }: ColumnProfile, values: number): readonly SuggestedCheck[] {
  const isKey = /^(U?(TINY|SMALL|BIG|HUGE)?INT|U?INTEGER|VARCHAR|UUID)/.test(type);
  return isKey && distinctMethod === 'exact' && values > 1 && distinct === values ? ['unique'] : [];
}

function membership({ distinct, top = [], type }: ColumnProfile, values: number): readonly SuggestedCheck[] {
  const few = distinct !== undefined && distinct <= FEW_VALUES && distinct === top.length;
  const whole = top.every(({ value }) => typeof value === 'string' && value.length < 200);
  if (type !== 'VARCHAR' || !few || !whole || values < LEAST_ROWS || values < 10 * distinct) return [];
  return [{ acceptedValues: top.map(({ value }) => value).toSorted() }];
}

function shape(column: ColumnProfile, values: number): readonly SuggestedCheck[] {
  const { min, mean, lengths, patterns, type } = column;
  const checks: SuggestedCheck[] = [];
  if (mean !== undefined && typeof min === 'number' && min >= 0 && (column.nan ?? 0) === 0)
    checks.push({ range: { min: 0 } });
  if (type !== 'VARCHAR' || values < LEAST_ROWS) return checks;
  const whole = patterns !== undefined && patterns.rows === values;
  const format = patterns?.format;
  if (format !== undefined) checks.push({ pattern: `^(?:${FORMATS[format]})$`, ...(whole ? {} : { onFail: 'warn' }) });
  else if (
    (column.distinct ?? 0) > FEW_VALUES &&
    lengths !== undefined &&
    lengths.min === lengths.max &&
    lengths.max > 0
  )
    checks.push({ length: { min: lengths.min, max: lengths.max } });
  return checks;
}
