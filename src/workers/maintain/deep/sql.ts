import { quoteText } from '../../../shared/schema/columns.js';

/** One row's place: its object and its number in it. */
export interface RowKey {
  readonly object: string;
  readonly row: string;
}

/** A side of the comparison: rows with `_sluice_object` and `_sluice_row`, and how to hash there. */
export interface Side {
  /** What may stand after FROM, with its WHERE where it has one. */
  readonly rows: string;
  readonly fields: readonly string[];
  readonly dialect: Dialect;
}

interface Dialect {
  /** The first digits (hex) of a text's MD5 as a number. */
  readonly hash: (text: string, digits: 4 | 15) => string;
  readonly text: (value: string) => string;
}

export const DUCKDB: Dialect = {
  hash: (text, digits) => `CAST('0x' || substr(md5(${text}), 1, ${digits}) AS BIGINT)`,
  text: (value) => `CAST(${value} AS VARCHAR)`,
};

export const POSTGRES: Dialect = {
  hash: (text, digits) => `('x' || substr(md5(convert_to(${text}, 'UTF8')), 1, ${digits}))::bit(${digits * 4})::bigint`,
  text: (value) => `(${value})::text`,
};

/** Settings under which Postgres prints floats by significant digits; the SELECT follows in the same transaction. */
export const POSTGRES_SETTINGS = "SET LOCAL extra_float_digits = 0; SET LOCAL TimeZone = 'UTC'; ";

/** Rows and the sum of their hashes, by bucket. A sum, not a XOR: two equal rows do not cancel. */
export function bucketsSql(side: Side, buckets: number): string {
  const { dialect } = side;
  return `SELECT bucket, ${dialect.text('count(*)')} AS n, ${dialect.text('sum(h)')} AS total
FROM (SELECT ${bucketOf(side, buckets)} AS bucket, ${rowHash(side)} AS h FROM ${side.rows}) t GROUP BY bucket`;
}

/** Place and hash of each row of some buckets. */
export function hashesSql(side: Side, buckets: number, wanted: readonly number[]): string {
  const { dialect } = side;
  return `SELECT object, place, ${dialect.text('h')} AS h FROM (
  SELECT ${dialect.text('_sluice_object')} AS object, ${dialect.text('_sluice_row')} AS place, ${bucketOf(side, buckets)} AS bucket, ${rowHash(side)} AS h
  FROM ${side.rows}) t WHERE bucket IN (${wanted.join(', ')})`;
}

/** Place, and the hash of each field, of some rows. No value leaves its side. */
export function fieldsSql({ dialect, rows, fields }: Side, keys: readonly RowKey[]): string {
  const hashed = fields.map((field, at) => `, ${dialect.text(dialect.hash(fieldText(field, dialect), 15))} AS f${at}`);
  const places = keys.map(({ object, row }) => `(${quoteText(object)}, ${quoteText(row)})`);
  const place = `(${dialect.text('_sluice_object')}, ${dialect.text('_sluice_row')})`;
  return `SELECT ${dialect.text('_sluice_object')} AS object, ${dialect.text('_sluice_row')} AS place${hashed.join('')}
FROM (SELECT * FROM ${rows}) t WHERE ${place} IN (${places.join(', ')})`;
}

function bucketOf(side: Side, buckets: number): string {
  return `${side.dialect.hash(placeText(side), 4)} % ${buckets}`;
}

function placeText({ dialect }: Side): string {
  return `${dialect.text('_sluice_object')} || ':' || ${dialect.text('_sluice_row')} || ':'`;
}

/** Of the row's place too: a row that changed nothing but its number would else leave its bucket's sum as it was. */
function rowHash(side: Side): string {
  const { dialect, fields } = side;
  return dialect.hash([placeText(side), ...fields.map((field) => fieldText(field, dialect))].join(' || '), 15);
}

/** With its length before it, so that no two rows share a text; NULL is like no value. */
function fieldText(field: string, dialect: Dialect): string {
  return `coalesce(${dialect.text(`length(${field})`)} || ':' || (${field}), 'N')`;
}
