import type { EngineSession } from '../../shared/engine/port.js';
import { STRANGER } from '../../shared/schema/breaks.js';
import { type Column, quoteText } from '../../shared/schema/columns.js';
import { parseType, type TypeTree } from '../../shared/schema/typeText.js';
import { findDuplicate } from './read.js';
import type { Refusal, Source } from './sources.js';

/** Targets keep columns of such names for themselves: the batch of a row, its object and its number. */
const RESERVED = /^_sluice[_ ]/i;
/** Names of columns that a SELECT uses on its way. */
const INTERNAL = /^_sluice /i;

/** The values of a JSON file, one a row, as `json`: NULL for a line that is none. */
export function jsonObjectsSql({ file, format }: Source): string {
  const layout = format === 'json' ? 'array' : 'newline_delimited';
  return `read_json_objects([${quoteText(file)}], format = ${quoteText(layout)}, compression = 'uncompressed',
    hive_partitioning = false, ignore_errors = ${format !== 'json'})`;
}

/** JSON values that are no objects: the reader makes a row of NULLs of `null` without a word. */
export function noObjectsSql(source: Source): string {
  return `(SELECT row, json IS NULL AS broken FROM (SELECT row_number() OVER () - 1 AS row, json FROM ${jsonObjectsSql(source)})
    WHERE json IS NULL OR json_type(json) <> 'OBJECT')`;
}

/** Refuses JSON with a row that is no object. Only files that have rows without a key are looked into. */
export async function refuseNoObjects(
  sources: readonly Source[],
  { session, signal }: { readonly session: EngineSession; readonly signal?: AbortSignal },
): Promise<readonly Refusal[]> {
  const refusals: Refusal[] = [];
  for (const source of sources.filter(({ hasBareRows }) => hasBareRows === true)) {
    const [row] = await session.query(
      `SELECT count(*) AS n, min(row) + 1 AS first FROM ${noObjectsSql(source)}`,
      signal,
    );
    const count = Number(row?.n);
    const rows = count === 1 ? '1 row' : `${count} rows`;
    const reason = `expected JSON objects, got another value in ${rows}, first in row ${Number(row?.first)}`;
    if (count > 0) refusals.push({ object: source.object, code: 'OBJECT_UNREADABLE', reason });
  }
  return refusals;
}

/** Refuses a file of which two columns have one name, or one has none, or decimals that the engine has no type for. */
export function refuseColumns({ object, columns, longDecimal }: Source): readonly Refusal[] {
  if (longDecimal !== undefined) {
    const reason = `column ${longDecimal}: expected decimals of at most 38 digits, got more; write them as text`;
    return [{ object, code: 'FORMAT_UNSUPPORTED', reason }];
  }
  for (const { name, type = '' } of columns) {
    const odd = leavesOf(parseType(type)).find((leaf) => /^(GEOMETRY|VARIANT)\b/.test(leaf));
    if (odd === undefined) continue;
    const got = odd.startsWith('VARIANT') ? 'VARIANT; write JSON' : 'GEOMETRY; write WKB as bytes, or WKT as text';
    const reason = `column ${name}: expected a type that every reader keeps, got ${got}`;
    return [{ object, code: 'FORMAT_UNSUPPORTED', reason }];
  }
  if (columns.some(({ name }) => name === ''))
    return [{ object, code: 'COLUMN_MISMATCH', reason: 'expected a name of each column, got an empty one' }];
  const twice = findDuplicate(columns.map(({ name }) => name));
  if (twice === undefined) return [];
  return [
    {
      object,
      code: 'COLUMN_MISMATCH',
      reason: `expected each column once, got ${twice} twice (upper and lower case are one)`,
    },
  ];
}

/** The names of the plain types in a type; those of fields are none. */
function leavesOf(type: TypeTree): readonly string[] {
  switch (type.kind) {
    case 'plain':
      return [type.name];
    case 'decimal':
      return [];
    case 'list':
      return leavesOf(type.item);
    case 'map':
      return [...leavesOf(type.key), ...leavesOf(type.value)];
    case 'struct':
      return type.fields.flatMap((field) => leavesOf(field.type));
  }
}

/** What the names of a file's columns are held against. */
interface KnownNames {
  readonly provenance: boolean;
  readonly schema?: readonly Column[];
  readonly evolution: 'strict' | 'widen';
}

/** Refuses a file whose columns have Sluice's own names, or are all strangers to the dataset. */
export function refuseNames(source: Source, { provenance, schema = [], evolution }: KnownNames): readonly Refusal[] {
  const reserved = refuseReserved(source, provenance);
  return reserved.length > 0 || evolution === 'strict' ? reserved : refuseStranger(source, schema);
}

/** A column of Sluice's own names, which it needs while it reads and, with provenance, in the artifacts. */
function refuseReserved({ object, columns }: Source, provenance: boolean): readonly Refusal[] {
  const reserved = provenance ? RESERVED : INTERNAL;
  const taken = columns.find(({ name }) => reserved.test(name));
  if (taken === undefined) return [];
  return [{ object, code: 'COLUMN_MISMATCH', reason: `expected no column of Sluice's own, got ${taken.name}` }];
}

/** A file of something else (an error in JSON, a separator that nobody knows) would be rows of nothing but NULLs, and new columns. */
function refuseStranger({ object, columns }: Source, schema: readonly Column[]): readonly Refusal[] {
  const known = new Set(schema.map(({ name }) => name.toLowerCase()));
  const [first] = columns;
  if (first === undefined || known.size === 0 || columns.some(({ name }) => known.has(name.toLowerCase()))) return [];
  const reason = `column ${first.name}: expected no such column, got one of type ${first.type ?? 'VARCHAR'}${STRANGER}`;
  return [{ object, code: 'COLUMN_MISMATCH', reason }];
}
