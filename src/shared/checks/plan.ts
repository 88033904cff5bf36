import { show } from '../config/checkFields.js';
import { boundOf } from './bounds.js';
import {
  castRule,
  formatRule,
  lengthRule,
  membershipRule,
  missingRule,
  nullRule,
  patternRule,
  rangeRule,
} from './rules.js';
import { isAggregate } from '../config/checks.js';
import type { ColumnCheck, ColumnCheckObject, TableCheck } from '../config/checks.js';
import type { OnFail } from '../config/checkFields.js';
import type { Column } from '../schema/columns.js';
import { isProvenance, typeKind } from '../schema/typeKind.js';
import { formatType, parseType } from '../schema/typeText.js';
import type { Bound } from './bounds.js';
import type { Reference } from '../config/references.js';
import type { Rule } from './rules.js';

/** What a check measures. `fails` is an SQL condition: true for a failing row, NULL for a row that is not judged. */
export type Measure =
  | { readonly kind: 'rule'; readonly fails: string; readonly shown: readonly string[]; readonly pattern?: string }
  | { readonly kind: 'expression'; readonly sql: string }
  | { readonly kind: 'unique'; readonly columns: readonly string[] }
  /** Values that must stand in columns of another dataset, together. */
  | { readonly kind: 'reference'; readonly columns: readonly Column[]; readonly to: Reference }
  | { readonly kind: 'rowCount' }
  /** Rows against the median of so many earlier batches. */
  | { readonly kind: 'rowCountChange'; readonly batches: number }
  | { readonly kind: 'freshness'; readonly column: Column }
  /** A figure over all values of a numeric column. */
  | { readonly kind: 'aggregate'; readonly function: string; readonly column: Column }
  /** One SELECT over `input` with one number. */
  | { readonly kind: 'query'; readonly sql: string }
  /** What is wrong with the columns; nothing: they are as expected. */
  | { readonly kind: 'schema'; readonly differences: readonly string[] }
  /** It cannot be evaluated. */
  | { readonly kind: 'fault'; readonly reason: string };

export interface PlannedCheck {
  readonly name: string;
  readonly column?: string;
  readonly onFail: OnFail;
  readonly expected: string;
  readonly bound: Bound;
  readonly measure: Measure;
}

export interface CheckConfig {
  /** By column name, as the configuration has them. */
  readonly checks: Readonly<Record<string, { readonly checks: readonly ColumnCheck[] }>>;
  readonly tableChecks: readonly TableCheck[];
}

/** The checks of a dataset as what is to be measured of these columns; a check on a missing column is planned as a fault. */
export function planChecks(columns: readonly Column[], { checks, tableChecks }: CheckConfig): readonly PlannedCheck[] {
  const planned = [
    ...Object.entries(checks).flatMap(([name, { checks }]) =>
      checks.map((check) => planColumnCheck(columns, name, check)),
    ),
    ...tableChecks.map((check) => planTableCheck(columns, check)),
  ];
  const seen = new Map<string, number>();
  return planned.map((check) => {
    const times = (seen.get(check.name) ?? 0) + 1;
    seen.set(check.name, times);
    return times === 1 ? check : { ...check, name: `${check.name} #${times}` };
  });
}

function planColumnCheck(columns: readonly Column[], name: string, written: ColumnCheck): PlannedCheck {
  const check: ColumnCheckObject = typeof written === 'string' ? { [written]: true } : written;
  const { kind, what } = describeColumnCheck(check);
  const column = columnNamed(columns, name);
  const bound = boundOf(check);
  return {
    name: check.name ?? `${name}.${kind}`,
    column: name,
    onFail: check.onFail ?? 'hold',
    expected: bound.text === '' ? what : `${what}, ${bound.text}`,
    bound,
    measure: column === undefined ? missing(name) : columnMeasure(check, column),
  };
}

function describeColumnCheck(check: ColumnCheckObject): { kind: string; what: string } {
  const { acceptedValues, range, length, pattern, format, castable, references, expr, metric } = check;
  if (check.required) return { kind: 'required', what: 'no NULL' };
  if (check.unique) return { kind: 'unique', what: 'no value twice' };
  if (acceptedValues) return { kind: 'acceptedValues', what: `one of ${show(acceptedValues)}` };
  if (range) return { kind: 'range', what: ends(range) };
  if (length) return { kind: 'length', what: `length ${ends(length)}` };
  if (pattern) return { kind: 'pattern', what: `text that matches ${pattern}` };
  if (format) return { kind: 'format', what: `a text in the form of ${format}` };
  if (castable) return { kind: 'castable', what: `a text that is ${castable}` };
  if (references) return { kind: 'references', what: `a value of ${references.dataset}.${references.column}` };
  return { kind: metric ?? 'expr', what: metric ?? expr ?? '' };
}

function columnMeasure(check: ColumnCheckObject, column: Column): Measure {
  if (check.unique || check.metric === 'duplicateValues') return { kind: 'unique', columns: [column.name] };
  if (check.expr !== undefined) return { kind: 'expression', sql: check.expr };
  if (check.references !== undefined) {
    const { dataset, column: other } = check.references;
    return { kind: 'reference', columns: [column], to: { dataset, columns: [other] } };
  }
  const rule = columnRule(check, column);
  const pattern = check.pattern ?? check.arguments?.pattern;
  const written = pattern === undefined ? {} : { pattern };
  return rule.kind === 'fault' ? rule : { ...rule, shown: [column.name], ...written };
}

function columnRule(check: ColumnCheckObject, column: Column): Rule {
  if (check.range !== undefined) return rangeRule(column, check.range);
  if (check.length !== undefined) return lengthRule(column, check.length);
  if (check.format !== undefined) return { kind: 'rule', fails: formatRule(column, check.format) };
  if (check.castable !== undefined) return { kind: 'rule', fails: castRule(column, check.castable) };
  if (check.metric === 'missingValues') {
    return { kind: 'rule', fails: missingRule(column, check.arguments?.missingValues ?? [null, '']) };
  }
  const valid = check.acceptedValues ?? check.arguments?.validValues;
  const pattern = check.pattern ?? check.arguments?.pattern;
  const conditions = [
    ...(valid === undefined ? [] : [membershipRule(column, valid)]),
    ...(pattern === undefined ? [] : [patternRule(column, pattern)]),
  ];
  return { kind: 'rule', fails: conditions.length === 0 ? nullRule(column) : `(${conditions.join(' OR ')})` };
}

function planTableCheck(columns: readonly Column[], check: TableCheck): PlannedCheck {
  const key = check.unique ?? (check.metric === 'duplicateValues' ? check.arguments?.properties : undefined);
  const bound = boundOf(check);
  const { kind, what } = describeTableCheck(check, key);
  return {
    name: check.name ?? kind,
    onFail: check.onFail ?? 'hold',
    expected: bound.text === '' ? what : `${what}, ${bound.text}`,
    bound,
    measure: tableMeasure(columns, check, key),
  };
}

function describeTableCheck(check: TableCheck, key: readonly string[] | undefined): { kind: string; what: string } {
  if (key !== undefined) return { kind: `unique(${key.join(', ')})`, what: `no ${key.join(', ')} twice` };
  if (check.references !== undefined) {
    const { dataset, columns } = check.references;
    const [own, others] = [Object.keys(columns).join(', '), Object.values(columns).join(', ')];
    return { kind: `references(${own})`, what: `values of ${dataset} (${others}) together` };
  }
  if (check.expr !== undefined) return { kind: `expr(${check.expr})`, what: check.expr };
  if (check.query !== undefined) return { kind: `query(${check.query})`, what: check.query };
  if (check.schema !== undefined) return { kind: 'schema', what: 'the columns of the contract' };
  if (check.metric === 'freshness')
    return { kind: `freshness(${check.column})`, what: `age of the newest ${check.column}` };
  if (check.metric === 'rowCountChange')
    return { kind: 'rowCountChange', what: `percent off the median of the last ${batchesOf(check)} batches` };
  if (isAggregate(check.metric))
    return { kind: `${check.metric}(${check.column})`, what: `${check.metric} of ${check.column}` };
  return { kind: 'rowCount', what: 'rowCount' };
}

function tableMeasure(columns: readonly Column[], check: TableCheck, key: readonly string[] | undefined): Measure {
  if (check.expr !== undefined) return { kind: 'expression', sql: check.expr };
  if (check.query !== undefined) return { kind: 'query', sql: check.query };
  if (check.schema !== undefined) return { kind: 'schema', differences: compareSchema(columns, check.schema) };
  if (check.metric === 'rowCountChange') return { kind: 'rowCountChange', batches: batchesOf(check) };
  const { references } = check;
  const refers = references && Object.keys(references.columns);
  const wanted = key ?? refers ?? (check.column === undefined ? [] : [check.column]);
  const found: Column[] = [];
  for (const name of wanted) {
    const column = columnNamed(columns, name);
    if (column === undefined) return missing(name);
    found.push(column);
  }
  if (key !== undefined) return { kind: 'unique', columns: found.map(({ name }) => name) };
  if (references !== undefined)
    return {
      kind: 'reference',
      columns: found,
      to: { dataset: references.dataset, columns: Object.values(references.columns) },
    };
  const [column] = found;
  if (column === undefined) return { kind: 'rowCount' };
  const kind = typeKind(column.type);
  if (isAggregate(check.metric)) {
    if (kind === 'integer' || kind === 'decimal' || kind === 'float')
      return { kind: 'aggregate', function: check.metric, column };
    return { kind: 'fault', reason: `expected a number for ${check.metric}, got ${column.name} ${column.type}` };
  }
  if (kind === 'date' || kind === 'timestamp') return { kind: 'freshness', column };
  return { kind: 'fault', reason: `expected a date or timestamp for freshness, got ${column.name} ${column.type}` };
}

/** Batches that rows are compared with where the check names no number. */
const COMPARED_BATCHES = 30;

function batchesOf({ arguments: given }: TableCheck): number {
  return given?.batches ?? COMPARED_BATCHES;
}

/** Columns that are missing or of another type, and with `extra: false` those that nobody asked for. */
function compareSchema(
  columns: readonly Column[],
  { columns: wanted, extra = true }: NonNullable<TableCheck['schema']>,
): readonly string[] {
  const differences = Object.entries(wanted).flatMap(([name, type]) => {
    const column = columnNamed(columns, name);
    if (column === undefined) return [`${name} is missing`];
    const [is, asked] = [formatType(parseType(column.type)), formatType(parseType(type))];
    return is === asked || asked === 'ANY' ? [] : [`${name} is ${is}, not ${asked}`];
  });
  const known = new Set(Object.keys(wanted).map((name) => name.toLowerCase()));
  const strangers = columns.filter(({ name }) => !isProvenance(name) && !known.has(name.toLowerCase()));
  return [...differences, ...(extra ? [] : strangers.map(({ name }) => `${name} is not expected`))];
}

function columnNamed(columns: readonly Column[], name: string): Column | undefined {
  return columns.find((column) => column.name.toLowerCase() === name.toLowerCase());
}

function missing(name: string): Measure {
  return { kind: 'fault', reason: `the batch has no column ${JSON.stringify(name)}` };
}

function ends({ min, max }: { min?: string | number | undefined; max?: string | number | undefined }): string {
  return [...(min === undefined ? [] : [`at least ${min}`]), ...(max === undefined ? [] : [`at most ${max}`])].join(
    ' and ',
  );
}
