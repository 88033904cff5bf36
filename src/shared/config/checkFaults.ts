import { OPERATORS, durationMs, show } from './checkFields.js';
import type { Operator } from './checkFields.js';

/** One fault of a check, with its place inside the check. */
export interface Fault {
  readonly path: string[];
  readonly message: string;
}

/** A check says exactly one thing: faults when it names none of `kinds` or several. */
export function kindFaults(check: Readonly<Record<string, unknown>>, kinds: readonly string[]): Fault[] {
  const given = kinds.filter((kind) => check[kind] !== undefined);
  if (given.length === 1) return [];
  const got = given.length === 0 ? 'none' : given.join(' and ');
  return [{ path: [], message: `expected exactly one of ${kinds.join(', ')}, got ${got}` }];
}

type Thresholds = Partial<Record<Operator | 'warn' | 'fail', unknown>> & {
  metric?: string | undefined;
  query?: string | undefined;
  schema?: object | undefined;
  arguments?: object | undefined;
  unit?: string | undefined;
  unique?: unknown;
  onFail?: string | undefined;
};

/** Faults of operators, warn, fail and unit: too many, missing, of the wrong kind, out of bounds, the wrong way round. */
export function thresholdFaults(check: Thresholds): Fault[] {
  const { metric } = check;
  const operators = OPERATORS.filter((operator) => check[operator] !== undefined);
  const levels = (['warn', 'fail'] as const).filter((level) => check[level] !== undefined);
  const used = [...operators, ...levels];
  const faults: Fault[] = [];
  const claim = (holds: boolean, path: string[], message: string): void => {
    if (!holds) faults.push({ path, message });
  };
  const measured = metric !== undefined || check.query !== undefined;
  claim(measured || operators.length === 0, operators.slice(0, 1), 'expected mustBe... only beside metric or query');
  claim(metric !== undefined || check.arguments === undefined, ['arguments'], 'expected arguments only beside metric');
  claim(operators.length < 2, [], `expected one operator, got ${operators.join(' and ')}`);
  claim(
    operators.length === 0 || levels.length === 0,
    [],
    `expected an operator or warn and fail, got ${used.join(' and ')}`,
  );
  claim(
    metric === undefined || used.length > 0,
    [],
    `expected a bound beside metric: ${metric} (mustBe..., or warn and fail), got none`,
  );
  claim(
    check.onFail !== 'quarantine' || !isOfMany(check),
    ['onFail'],
    'expected hold or warn for a check that judges more than single rows, got quarantine',
  );
  claim(
    (metric !== 'rowCount' && !SIGNED.has(metric)) || levels.length === 0,
    levels.slice(0, 1),
    `expected mustBe... for ${metric} (add onFail: warn to only warn)`,
  );
  claim(!UNITLESS.has(metric) || check.unit === undefined, ['unit'], `expected no unit for ${metric}`);
  for (const place of used) faults.push(...valueFaults(place, check[place], check));
  claim(
    !inverted(size(check.warn), size(check.fail)),
    ['warn'],
    'expected warn at most fail, got them the other way round',
  );
  return faults;
}

/** Figures of a column, which may be below 0. */
const SIGNED: ReadonlySet<string | undefined> = new Set(['sum', 'avg', 'min', 'max', 'stddev']);
const OF_MANY: ReadonlySet<string | undefined> = new Set([
  'rowCount',
  'rowCountChange',
  'freshness',
  'duplicateValues',
  ...SIGNED,
]);

/** Checks whose failure is no row's own. */
function isOfMany({ metric, unique, query, schema }: Thresholds): boolean {
  return unique !== undefined || query !== undefined || schema !== undefined || OF_MANY.has(metric);
}

const UNITLESS: ReadonlySet<string | undefined> = new Set(['rowCount', 'rowCountChange', 'freshness', ...SIGNED]);

function valueFaults(place: string, value: unknown, { metric, unit, query }: Thresholds): Fault[] {
  const ends: unknown[] = Array.isArray(value) ? value : [value];
  const messages = ends.map((end) => {
    if (metric === 'freshness')
      return typeof end === 'string' ? undefined : `expected a duration such as 24h, got ${show(end)}`;
    if (typeof end !== 'number') return `expected a number, got ${show(end)}`;
    if (SIGNED.has(metric) || query !== undefined) return undefined;
    if (end < 0 || (unit === 'percent' && end > 100))
      return `expected ${unit === 'percent' ? '0 to 100' : '0 or more'}, got ${end}`;
    return undefined;
  });
  if (inverted(size(ends[0]), size(ends[1]))) messages.push('expected the lower end first');
  return messages.flatMap((message) => (message === undefined ? [] : [{ path: [place], message }]));
}

function size(value: unknown): number | undefined {
  return typeof value === 'string' ? durationMs(value) : typeof value === 'number' ? value : undefined;
}

/** Whether two numbers stand the wrong way round; texts and absent ends never do. */
export function inverted(low: number | string | undefined, high: number | string | undefined): boolean {
  return typeof low === 'number' && typeof high === 'number' && low > high;
}
