import { createHash } from 'node:crypto';
import { SluiceError } from '../../errors.js';
import { quoteName } from '../../schema/columns.js';

/** Characters of a Snowflake identifier. https://docs.snowflake.com/en/sql-reference/identifiers-syntax */
const MAX_CHARACTERS = 255;

/** A table of the account. */
export interface TableName {
  readonly database: string;
  readonly schema: string;
  readonly name: string;
}

/** Where names without a schema live. */
export type Home = Pick<TableName, 'database' | 'schema'>;

/**
 * One identifier as the config writes it, read as Snowflake reads it: a-z become upper case unless the name stands in double quotes.
 * Errors: CONFIG_INVALID.
 */
export function readIdentifier(text: string): string {
  const trimmed = text.trim();
  if (/^"(?:[^"]|"")+"$/.test(trimmed)) return trimmed.slice(1, -1).replaceAll('""', '"');
  if (/^[^".\s]+$/u.test(trimmed)) return foldCase(trimmed);
  throw new SluiceError('CONFIG_INVALID', `expected an identifier of Snowflake, got ${JSON.stringify(text)}`);
}

/** `orders` or `schema.orders` as the config writes it. Errors: CONFIG_INVALID. */
export function parseTableName(text: string, home: Home): TableName {
  const match = /^(?:("(?:[^"]|"")+"|[^".]+)\.)?("(?:[^"]|"")+"|[^".]+)$/u.exec(text.trim());
  const [, schema, name] = match ?? [];
  if (name === undefined) {
    throw new SluiceError('CONFIG_INVALID', `expected a table as name or schema.name, got ${JSON.stringify(text)}`);
  }
  return {
    database: home.database,
    schema: schema === undefined ? home.schema : readIdentifier(schema),
    name: readIdentifier(name),
  };
}

/** The table as SQL writes it: three parts, always quoted, so that no session setting changes what it names. */
export function quoteTable({ database, schema, name }: TableName): string {
  return [database, schema, name].map(quoteName).join('.');
}

/** The table as people and the target's books write it; two tables of a database never share one. */
export function tableKey({ schema, name }: Pick<TableName, 'schema' | 'name'>): string {
  const part = (text: string) => (/^[A-Z_][A-Z0-9_$]*$/.test(text) ? text : quoteName(text));
  return `${part(schema)}.${part(name)}`;
}

/**
 * The table's column for each delivered column, in order. a-z become upper case, so that nobody must quote (`orderId` is `ORDERID`),
 * unless two columns would share the name: those keep their spelling. A column that the table already has in the delivered
 * spelling is that column. Names over 255 characters are cut and end in a hash of the whole name. Errors: TARGET_MISMATCH.
 */
export function nameColumns(delivered: readonly string[], existing: ReadonlySet<string>): readonly string[] {
  const folded = delivered.map((name) => legalName(foldCase(name)));
  const names = delivered.map((name, index) => {
    const upper = folded[index] ?? name;
    const own = legalName(name);
    const shared = folded.some((other, at) => other === upper && at !== index);
    return existing.has(own) || shared ? own : upper;
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
  const characters = [...name];
  if (characters.length <= MAX_CHARACTERS) return name;
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 8).toUpperCase();
  return `${characters.slice(0, MAX_CHARACTERS - hash.length - 1).join('')}_${hash}`;
}

function foldCase(name: string): string {
  return name.replaceAll(/[a-z]/g, (letter) => letter.toUpperCase());
}

function mismatch(message: string, column: string): SluiceError {
  return new SluiceError('TARGET_MISMATCH', message, { facts: { column } });
}
