import { createHash } from 'node:crypto';
import { SluiceError } from '../../errors.js';
import { quoteName } from '../../schema/columns.js';

/** Postgres cuts longer identifiers without an error. */
const MAX_BYTES = 63;

/** Every Postgres table has these; a column of the same name cannot be made. */
const SYSTEM_COLUMNS = new Set(['ctid', 'xmin', 'xmax', 'cmin', 'cmax', 'tableoid']);

/** A table of the target. */
export interface TableName {
  readonly schema: string;
  readonly name: string;
}

/**
 * `orders` or `schema.orders` as the config writes it. Read as Postgres reads identifiers: A-Z become lower case unless the part
 * stands in double quotes. Errors: CONFIG_INVALID.
 */
export function parseTableName(text: string, defaultSchema: string): TableName {
  const match = /^(?:("(?:[^"]|"")+"|[^".]+)\.)?("(?:[^"]|"")+"|[^".]+)$/u.exec(text.trim());
  const [, schema, name] = match ?? [];
  if (name === undefined) {
    throw new SluiceError('CONFIG_INVALID', `expected a table as name or schema.name, got ${JSON.stringify(text)}`);
  }
  return { schema: schema === undefined ? readPart(defaultSchema) : readPart(schema), name: readPart(name) };
}

/** The table as SQL writes it. */
export function quoteTable({ schema, name }: TableName): string {
  return `${quoteName(schema)}.${quoteName(name)}`;
}

/** A subquery of the tables that hold a table's rows, as `relid`: its partitions, or itself. `table` is an SQL text of its quoted name. */
export function leavesOf(table: string): string {
  return `(SELECT oid AS relid FROM pg_class WHERE oid = to_regclass(${table}) AND relkind = 'r'
    UNION SELECT relid::oid FROM pg_partition_tree(to_regclass(${table})) WHERE isleaf)`;
}

/** The table as people and the target's books write it; two tables never share one. */
export function tableKey({ schema, name }: TableName): string {
  const part = (text: string) => (/^[^".A-Z\s]+$/.test(text) ? text : quoteName(text));
  return `${part(schema)}.${part(name)}`;
}

/**
 * The table's column for each delivered column, in order. A-Z become lower case, so that nobody must quote (`OrderId` is `orderid`),
 * unless two columns would share the name: those keep their spelling. A column that the table already has in the delivered
 * spelling is that column. Names over 63 bytes are cut and end in a hash of the whole name. Errors: TARGET_MISMATCH.
 */
export function nameColumns(delivered: readonly string[], existing: ReadonlySet<string>): readonly string[] {
  const folded = delivered.map((name) => legalName(foldCase(name)));
  const names = delivered.map((name, index) => {
    const lower = folded[index] ?? name;
    const own = legalName(name);
    const shared = folded.some((other, at) => other === lower && at !== index);
    return existing.has(own) || shared ? own : lower;
  });
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw mismatch(`expected columns of different names, got ${quoteName(twice)} twice`, twice);
  return names;
}

function legalName(name: string): string {
  if (name === '') throw mismatch('expected every column to have a name, got an empty one', name);
  if (name.toLowerCase().startsWith('_sluice_')) {
    throw mismatch(`expected no column that begins with _sluice_ (provenance), got ${quoteName(name)}`, name);
  }
  if (SYSTEM_COLUMNS.has(name)) return `${name}_`;
  return cutName(name, () => createHash('sha256').update(name).digest('hex').slice(0, 8));
}

/** A name of at most 63 bytes: a longer one is cut and ends in the hash, which must tell it from every other. */
export function cutName(name: string, hashOf: () => string): string {
  if (Buffer.byteLength(name) <= MAX_BYTES) return name;
  const hash = hashOf();
  return `${cutBytes(name, MAX_BYTES - hash.length - 1)}_${hash}`;
}

/** The longest beginning of whole characters that fits. */
function cutBytes(text: string, bytes: number): string {
  const cut = Buffer.from(text).subarray(0, bytes).toString();
  return cut.endsWith('�') ? cut.slice(0, -1) : cut;
}

/** Only A-Z, as Postgres folds unquoted names in UTF-8 databases. */
function foldCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase());
}

function readPart(text: string): string {
  return text.startsWith('"') ? text.slice(1, -1).replaceAll('""', '"') : foldCase(text);
}

function mismatch(message: string, column: string): SluiceError {
  return new SluiceError('TARGET_MISMATCH', message, { facts: { column } });
}
