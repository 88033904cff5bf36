import type { z } from 'zod';
import { columnCheckSchema, tableCheckSchema } from '../../config/checks.js';
import { datasetSchema } from '../../config/dataset.js';
import { describeIssue } from '../../config/faults.js';
import type { ConfigFault } from '../../config/rules.js';
import { SluiceError } from '../../errors.js';
import { quoteName, quoteText } from '../../schema/columns.js';
import { defined, type Loose, type NotTaken, qualityChecks, type Taking, unreadOf } from './importQuality.js';
import { findQualityFaults } from './findQualityFaults.js';
import { contractSchema, type OdcsContract, type Property, type SchemaObject } from './odcsSchema.js';

/** The checks of a dataset, as the configuration writes them. */
export const checksSchema = datasetSchema.pick({ columns: true, checks: true });
export type Checks = z.infer<typeof checksSchema>;

export interface Imported extends Checks {
  /** Every part that has no place here; nothing is dropped without a word. */
  readonly notTaken: readonly NotTaken[];
}

/**
 * Reads a data contract of ODCS v3.1 as checks. `object`: which of its schema objects, where it has several. Errors: CONFIG_INVALID, with
 * every unknown key and every check that Sluice's vocabulary refuses.
 */
export function importOdcs(document: unknown, { object }: { object?: string | undefined } = {}): Imported {
  const parsed = contractSchema.safeParse(document);
  if (!parsed.success) {
    const issues = parsed.error.issues.flatMap((issue) => describeIssue(issue, document));
    throw refused([...issues, ...findQualityFaults(document)]);
  }
  const contract = parsed.data;
  const table = chooseObject(contract, object);
  const taking: Taking = { notTaken: unreadOf(contract, TAKEN.contract, ''), faults: [] };
  const { notTaken, faults } = taking;
  for (const other of contract.schema)
    if (other !== table) notTaken.push({ path: `schema.${other.name}`, why: 'another object of the contract' });
  const keys = keyColumns(table);
  const columns: Record<string, Loose> = {};
  for (const property of table.properties) {
    const path = `schema.${table.name}.${property.name}`;
    notTaken.push(...unreadOf(property, TAKEN.property, path));
    const checks = [
      ...propertyChecks(property, { isOnlyKey: keys.length === 1, path, notTaken }),
      ...relationshipChecks(property, path, notTaken),
      ...qualityChecks(property.quality, { ...taking, path, schema: columnCheckSchema }),
    ];
    const own = ownSettings(property, path, notTaken);
    if (checks.length > 0 || own !== undefined) columns[columnOf(property)] = { ...own, checks };
  }
  notTaken.push(...unreadOf(table, TAKEN.object, `schema.${table.name}`));
  const checks = [
    ...(keys.length > 1 ? [{ unique: keys }] : []),
    ...keyRelationshipChecks(table, notTaken),
    ...qualityChecks(table.quality, { ...taking, path: `schema.${table.name}`, schema: tableCheckSchema }),
    ...freshness(contract, table, notTaken),
  ];
  const read = checksSchema.safeParse({ columns, checks });
  const more = read.error?.issues.flatMap((issue) => describeIssue(issue, { columns, checks })) ?? [];
  if (!read.success || faults.length > 0) throw refused([...faults, ...more]);
  return { ...read.data, notTaken };
}

function refused(faults: readonly ConfigFault[]): SluiceError {
  const lines = faults.map(({ path, expected, got }) => `  ${path || '(contract)'}: expected ${expected}, got ${got}`);
  return new SluiceError('CONFIG_INVALID', `${faults.length} fault(s)\n${lines.join('\n')}`);
}

/** True for what says of itself that it is a contract of ODCS. */
export function isOdcs(document: unknown): boolean {
  return document !== null && typeof document === 'object' && 'kind' in document && document.kind === 'DataContract';
}

const TAKEN = {
  contract: ['apiVersion', 'kind', 'id', 'version', 'status', 'name', 'schema', 'slaProperties', 'slaDefaultElement'],
  object: ['name', 'physicalName', 'logicalType', 'properties', 'quality', 'relationships'],
  property: [
    'name',
    'physicalName',
    'logicalType',
    'primaryKey',
    'primaryKeyPosition',
    'required',
    'unique',
    'quality',
    'logicalTypeOptions',
    'customProperties',
    'relationships',
  ],
  options: [
    'minLength',
    'maxLength',
    'pattern',
    'minimum',
    'maximum',
    'exclusiveMinimum',
    'exclusiveMaximum',
    'multipleOf',
  ],
  sla: ['property', 'value', 'unit', 'element'],
} as const;

function chooseObject({ schema }: OdcsContract, wanted: string | undefined): SchemaObject {
  const [only, ...others] = schema.filter(
    ({ name, physicalName }) => wanted === undefined || [name, physicalName].includes(wanted),
  );
  if (only !== undefined && others.length === 0) return only;
  const names = schema.map(({ name }) => name).join(', ') || 'none';
  throw new SluiceError(
    'USAGE',
    `expected one object of the contract's schema to be chosen, got ${wanted ?? 'none'} of ${names}`,
  );
}

function columnOf({ name, physicalName }: Property): string {
  return physicalName ?? name;
}

/** Formats of a text that both know, by their names in the standard. */
const FORMATS_HERE: Readonly<Record<string, string>> = { email: 'email', uuid: 'uuid', ipv4: 'ipv4', uri: 'url' };

function propertyChecks(
  property: Property,
  { isOnlyKey, path, notTaken }: { isOnlyKey: boolean; path: string; notTaken: NotTaken[] },
): unknown[] {
  const { required = false, unique = false, primaryKey = false, logicalTypeOptions } = property;
  const isAlone = primaryKey && isOnlyKey;
  const { format, ...others } = logicalTypeOptions ?? {};
  const known = typeof format === 'string' ? FORMATS_HERE[format] : undefined;
  const unknown = known === undefined ? { format, ...others } : others;
  notTaken.push(...unreadOf(unknown, TAKEN.options, `${path}.logicalTypeOptions`));
  return [
    ...(required || primaryKey ? ['required'] : []),
    ...(unique || isAlone ? ['unique'] : []),
    ...(known === undefined ? [] : [{ format: known }]),
    ...(logicalTypeOptions === undefined ? [] : optionChecks(quoteName(columnOf(property)), logicalTypeOptions)),
  ];
}

function optionChecks(column: string, options: NonNullable<Property['logicalTypeOptions']>): unknown[] {
  const { minLength, maxLength, pattern, minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf } = options;
  const either = (min: unknown, max: unknown) => (min === undefined && max === undefined ? undefined : { min, max });
  const literal = (value: number | string) => (typeof value === 'number' ? String(value) : quoteText(value));
  const [length, range] = [either(minLength, maxLength), either(minimum, maximum)];
  return [
    ...(length === undefined ? [] : [{ length: defined(length) }]),
    ...(range === undefined ? [] : [{ range: defined(range) }]),
    ...(pattern === undefined ? [] : [{ pattern }]),
    ...(exclusiveMinimum === undefined ? [] : [{ expr: `${column} > ${literal(exclusiveMinimum)}` }]),
    ...(exclusiveMaximum === undefined ? [] : [{ expr: `${column} < ${literal(exclusiveMaximum)}` }]),
    ...(multipleOf === undefined ? [] : [{ expr: `${column} % ${multipleOf} = 0` }]),
  ];
}

/** A link to a column by its name; one by ids, or to a column of the same object, is not taken. */
function relationshipChecks({ relationships }: Property, path: string, notTaken: NotTaken[]): unknown[] {
  return relationships.flatMap(({ to }, index) => {
    const link = typeof to === 'string' ? linkOf(to) : undefined;
    if (link !== undefined) return [{ references: { dataset: link.object, column: link.column } }];
    notTaken.push({ path: `${path}.relationships[${index}]`, why: 'only a link such as customers.id is executed' });
    return [];
  });
}

/** Links of several columns together, by their names and all to one other object. */
function keyRelationshipChecks({ name, properties, relationships }: SchemaObject, notTaken: NotTaken[]): unknown[] {
  return relationships.flatMap(({ from, to }, index) => {
    const [own, other] = [from, to].map((ends) => [ends].flat().map((end) => linkOf(end)));
    const pairs = (own ?? []).flatMap((source, at) => {
      const target = other?.[at];
      if (source?.object !== name || target === undefined) return [];
      const property = properties.find((one) => one.name === source.column);
      return [{ column: property === undefined ? source.column : columnOf(property), target }];
    });
    const datasets = new Set(pairs.map(({ target }) => target.object));
    const [dataset] = datasets;
    const isSound = new Set(pairs.map(({ column }) => column)).size === own?.length && pairs.length === other?.length;
    if (isSound && dataset !== undefined && datasets.size === 1 && dataset !== name) {
      const columns = Object.fromEntries(pairs.map(({ column, target }) => [column, target.column]));
      return [{ references: { dataset, columns } }];
    }
    const why = `only links from different properties of ${name} to as many of one other object are executed`;
    notTaken.push({ path: `schema.${name}.relationships[${index}]`, why });
    return [];
  });
}

/** `customers.id` in its parts; undefined for a link by ids. */
function linkOf(end: string): { readonly object: string; readonly column: string } | undefined {
  const [object, column, ...more] = end.includes('/') ? [] : end.split('.');
  return object === undefined || column === undefined || more.length > 0 ? undefined : { object, column };
}

/** The columns of the primary key, in their order. */
function keyColumns({ properties }: SchemaObject): readonly string[] {
  const position = ({ primaryKeyPosition = -1 }: Property) => primaryKeyPosition;
  return properties
    .filter(({ primaryKey }) => primaryKey === true)
    .sort((a, b) => position(a) - position(b))
    .map(columnOf);
}

/** Settings of a column that an export kept as a custom property. */
function ownSettings({ customProperties }: Property, path: string, notTaken: NotTaken[]): Loose | undefined {
  let own: Loose | undefined;
  for (const [index, { property, value }] of customProperties.entries()) {
    if (property === 'sluice') own = value;
    else notTaken.push({ path: `${path}.customProperties[${index}]`, why: 'Sluice has no use for it' });
  }
  return own;
}

const UNITS: Readonly<Record<string, string>> = {
  d: 'd',
  day: 'd',
  days: 'd',
  h: 'h',
  hour: 'h',
  hours: 'h',
  m: 'm',
  min: 'm',
  minutes: 'm',
  s: 's',
  seconds: 's',
  w: 'w',
  week: 'w',
  weeks: 'w',
};

/** A latency of a column of this object is the age that its newest value may have. */
function freshness(
  { slaProperties, slaDefaultElement }: OdcsContract,
  { name }: SchemaObject,
  notTaken: NotTaken[],
): unknown[] {
  return slaProperties.flatMap((sla, index) => {
    const path = `slaProperties[${index}]`;
    const { property, value, unit, element = slaDefaultElement } = sla;
    const [object, column] = /^([^.]+)\.(.+)$/.exec(element ?? '')?.slice(1) ?? [];
    const known = UNITS[unit ?? ''];
    if (property === 'latency' && typeof value === 'number' && known !== undefined && object === name) {
      notTaken.push(...unreadOf(sla, TAKEN.sla, path));
      return [{ metric: 'freshness', column, fail: `${value}${known}` }];
    }
    notTaken.push({
      path,
      why: property === 'latency' ? 'no latency of a column of this object' : `${property} is not checked`,
    });
    return [];
  });
}
