import { OPERATORS } from '../../config/checkFields.js';
import type { Checks } from './importOdcs.js';

/** A dataset whose checks are exported. */
export interface ExportedDataset extends Checks {
  readonly name: string;
  /** Of its settings. */
  readonly hash: string;
}

/** A data contract as JSON holds it. */
export type Contract = Readonly<Record<string, unknown>>;

type Loose = Readonly<Record<string, unknown>>;

/** Metrics that the standard knows. */
const LIBRARY: ReadonlySet<unknown> = new Set([
  'nullValues',
  'missingValues',
  'invalidValues',
  'duplicateValues',
  'rowCount',
]);

/** Keys of a check that a library metric has room for. */
const LIBRARY_KEYS: ReadonlySet<string> = new Set(['name', 'metric', 'arguments', 'unit', 'onFail', ...OPERATORS]);

/**
 * A dataset's checks as a strict contract of ODCS v3.1.0. What the standard has words for is said in them; every other check is
 * `type: custom` of the engine `sluice`, as it is written in the configuration, so that an import gives the same checks. Pure.
 */
export function exportOdcs({ name, hash, columns, checks }: ExportedDataset): Contract {
  const relationships = checks.flatMap((check) => keyRelationshipOf(name, check) ?? []);
  const quality = checks.filter((check) => keyRelationshipOf(name, check) === undefined).map(qualityOf);
  const properties = Object.entries(columns).map(([column, { checks: own, ...rest }]) => propertyOf(column, own, rest));
  return {
    apiVersion: 'v3.1.0',
    kind: 'DataContract',
    id: name,
    name,
    version: hash,
    status: 'active',
    schema: [
      {
        name,
        ...(properties.length === 0 ? {} : { properties }),
        ...(relationships.length === 0 ? {} : { relationships }),
        ...(quality.length === 0 ? {} : { quality }),
      },
    ],
  };
}

function propertyOf(name: string, checks: readonly unknown[], rest: Loose): Loose {
  const settings = Object.keys(rest).length === 0 ? {} : { customProperties: [{ property: 'sluice', value: rest }] };
  const relationships = checks.flatMap((check) => relationshipOf(check) ?? []);
  const quality = checks
    .filter((check) => check !== 'required' && check !== 'unique' && relationshipOf(check) === undefined)
    .map(qualityOf);
  return {
    name,
    ...(checks.includes('required') ? { required: true } : {}),
    ...(checks.includes('unique') ? { unique: true } : {}),
    ...(relationships.length === 0 ? {} : { relationships }),
    ...(quality.length === 0 ? {} : { quality }),
    ...settings,
  };
}

/** The standard's names in a link. */
const LINKED = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** A reference without bounds, as the standard says it. */
function relationshipOf(check: unknown): Loose | undefined {
  if (!isMapping(check) || Object.keys(check).length !== 1 || !isMapping(check['references'])) return undefined;
  const { dataset, column } = check['references'];
  if (typeof dataset !== 'string' || typeof column !== 'string') return undefined;
  return LINKED.test(dataset) && LINKED.test(column) ? { to: `${dataset}.${column}` } : undefined;
}

/** A reference of several columns without bounds, as the standard says it. Columns that have no checks of their own stay unnamed otherwise. */
function keyRelationshipOf(name: string, check: unknown): Loose | undefined {
  if (!isMapping(check) || Object.keys(check).length !== 1 || !isMapping(check['references'])) return undefined;
  const { dataset, columns } = check['references'];
  if (typeof dataset !== 'string' || !isMapping(columns)) return undefined;
  const pairs = Object.entries(columns);
  const names = [name, dataset, ...pairs.flatMap(([own, other]) => [own, String(other)])];
  if (!names.every((one) => LINKED.test(one))) return undefined;
  return { from: pairs.map(([own]) => `${name}.${own}`), to: pairs.map(([, other]) => `${dataset}.${String(other)}`) };
}

function qualityOf(check: unknown): Loose {
  if (!isMapping(check) || !isLibrary(check)) return { type: 'custom', engine: 'sluice', implementation: check };
  const { onFail, ...rest } = check;
  return {
    ...rest,
    type: 'library',
    ...(onFail === undefined ? {} : { severity: onFail === 'hold' ? 'error' : 'warning' }),
  };
}

/** Whether a library metric says all that the check says. */
function isLibrary(check: Loose): boolean {
  const { metric, onFail } = check;
  const operators = OPERATORS.filter((operator) => check[operator] !== undefined);
  const [operator] = operators;
  return (
    LIBRARY.has(metric) &&
    Object.keys(check).every((key) => LIBRARY_KEYS.has(key)) &&
    operators.length === 1 &&
    operator !== undefined &&
    isOperand(check[operator]) &&
    (onFail === undefined || onFail === 'hold' || onFail === 'warn')
  );
}

/** The standard wants numbers, and two different ones, the smaller first. */
function isOperand(value: unknown): boolean {
  if (typeof value === 'number') return true;
  if (!Array.isArray(value)) return false;
  const [low, high]: readonly unknown[] = value;
  return typeof low === 'number' && typeof high === 'number' && low < high;
}

function isMapping(value: unknown): value is Loose {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}
