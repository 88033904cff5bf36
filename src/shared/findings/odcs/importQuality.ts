import type { columnCheckSchema, tableCheckSchema } from '../../config/checks.js';
import { describeIssue } from '../../config/faults.js';
import type { ConfigFault } from '../../config/rules.js';
import type { Quality } from './odcsSchema.js';

/** A part of a contract that Sluice takes nothing from. */
export interface NotTaken {
  /** As in `schema.orders.amount.quality[0]`. */
  readonly path: string;
  readonly why: string;
}

export type Loose = Readonly<Record<string, unknown>>;

const OPERATOR_KEYS = [
  'mustBe',
  'mustNotBe',
  'mustBeGreaterThan',
  'mustBeGreaterOrEqualTo',
  'mustBeLessThan',
  'mustBeLessOrEqualTo',
  'mustBeBetween',
  'mustNotBeBetween',
] as const;

/** Keys of a quality entry that are acted on, or belong to one that is named as a whole. */
const TAKEN = [
  'name',
  'severity',
  'type',
  'unit',
  'metric',
  'arguments',
  'engine',
  'implementation',
  'query',
  ...OPERATOR_KEYS,
];

/** What an import comes across on its way. */
export interface Taking {
  readonly notTaken: NotTaken[];
  readonly faults: ConfigFault[];
}

interface Place extends Taking {
  readonly path: string;
  /** How a check is written where this one goes. */
  readonly schema: typeof columnCheckSchema | typeof tableCheckSchema;
}

/** Quality entries as checks; those that nothing here executes are added to `notTaken`, those that are no checks to `faults`. */
export function qualityChecks(quality: readonly Quality[], { path, ...place }: Place): unknown[] {
  return quality.flatMap((entry, index) => qualityCheck(entry, { ...place, path: `${path}.quality[${index}]` }));
}

/** One entry as a check, or nothing. */
export function qualityCheck(entry: Quality, { path, schema, notTaken, faults }: Place): unknown[] {
  const why = whyNot(entry);
  if (why !== undefined) {
    notTaken.push({ path, why });
    return [];
  }
  notTaken.push(...unreadOf(entry, TAKEN, path));
  const isOwn = entry.type === 'custom';
  if (!isOwn && entry.metric === undefined) {
    const got = entry.rule === undefined ? 'none' : `the deprecated rule ${entry.rule}`;
    faults.push({ path, expected: 'a metric', got });
    return [];
  }
  if (namesNull(entry))
    notTaken.push({ path: `${path}.arguments.validValues`, why: 'NULL is never an invalid value here' });
  const check = isOwn ? entry.implementation : libraryCheck(entry);
  const at = isOwn ? `${path}.implementation` : path;
  const { error } = schema.safeParse(check);
  for (const issue of error?.issues ?? [])
    for (const fault of describeIssue(issue, check))
      faults.push({
        ...fault,
        path: fault.path === '' ? at : `${at}${fault.path.startsWith('[') ? '' : '.'}${fault.path}`,
      });
  return error === undefined ? [check] : [];
}

/** Why nothing here executes an entry; undefined where something does. */
function whyNot({ type, metric, rule, engine }: Quality): string | undefined {
  if (type === 'library' || (type === undefined && (metric ?? rule) !== undefined)) return undefined;
  if (type === 'custom')
    return engine === 'sluice' ? undefined : `a check of ${engine ?? 'another engine'} is not executed`;
  return type === undefined
    ? 'an entry without type and metric is not executed'
    : `a check of type ${type} is not executed`;
}

function namesNull({ arguments: given }: Quality): boolean {
  const valid = given?.['validValues'];
  return Array.isArray(valid) && valid.includes(null);
}

function libraryCheck(entry: Quality): Loose {
  const { name, severity, unit, metric } = entry;
  const operators = OPERATOR_KEYS.map((key) => [key, entry[key]] as const);
  return defined({
    name,
    metric,
    arguments: withoutNull(entry.arguments),
    unit,
    ...Object.fromEntries(operators),
    onFail: severity === undefined ? undefined : /^(warn|info)/i.test(severity) ? 'warn' : 'hold',
  });
}

/** NULL is never an invalid value here, so a list of valid values need not name it. */
function withoutNull(given: Loose | undefined): Loose | undefined {
  const valid = given?.['validValues'];
  return Array.isArray(valid) ? { ...given, validValues: valid.filter((value) => value !== null) } : given;
}

/** What of a part is not acted on, by name. */
export function unreadOf(part: object, taken: readonly string[], path: string): NotTaken[] {
  return Object.entries(part)
    .filter(([key, value]) => value !== undefined && !taken.includes(key))
    .map(([key]) => ({ path: path === '' ? key : `${path}.${key}`, why: 'Sluice has no use for it' }));
}

/** Without what is undefined. */
export function defined(value: Loose): Loose {
  return Object.fromEntries(Object.entries(value).filter(([, inner]) => inner !== undefined));
}
