import { SluiceError } from '../../errors.js';
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

/** Quality entries as checks; those that nothing here executes are added to `notTaken`. */
export function qualityChecks(quality: readonly Quality[], path: string, notTaken: NotTaken[]): unknown[] {
  return quality.flatMap((entry, index) => {
    const place = `${path}.quality[${index}]`;
    const why = whyNot(entry);
    if (why !== undefined) {
      notTaken.push({ path: place, why });
      return [];
    }
    notTaken.push(...unreadOf(entry, TAKEN, place));
    if (entry.type === 'custom') return [ownCheck(entry.implementation, place)];
    if (namesNull(entry))
      notTaken.push({ path: `${place}.arguments.validValues`, why: 'NULL is never an invalid value here' });
    return [libraryCheck(entry, place)];
  });
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

/** A check that only Sluice knows, as it was exported. */
function ownCheck(implementation: unknown, place: string): unknown {
  if (implementation !== null && (typeof implementation === 'object' || typeof implementation === 'string'))
    return implementation;
  throw new SluiceError('CONFIG_INVALID', `${place}.implementation: expected a check of Sluice, got none`);
}

function libraryCheck(entry: Quality, place: string): Loose {
  const { name, severity, unit, metric, rule } = entry;
  if (metric === undefined)
    throw new SluiceError(
      'CONFIG_INVALID',
      `${place}: expected a metric, got ${rule === undefined ? 'none' : `the deprecated rule ${rule}`}`,
    );
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
