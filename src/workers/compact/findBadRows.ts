import type { EngineSession } from '../../shared/engine/port.js';
import type { ErrorCode } from '../../shared/errors.js';
import { planReads, type Read } from './plan.js';
import { noObjectsSql } from './refuseRows.js';
import type { Source, TargetColumn } from './sources.js';
import { misfitSql } from './columnSql.js';
import { PLACE, placedSql, readerSql } from './sql.js';

/** A row at fault, by its number among the records of the text (from 0, the header not counted), or by a byte within it. */
export interface BadRow {
  readonly at: { readonly record: number } | { readonly byte: number };
  readonly code: ErrorCode;
  readonly reason: string;
}

/** An object keeps its good rows while at most this many are bad, and no more than half. */
export const MAX_ASIDE_ROWS = 10_000;
/** How to look into a text file. */
export interface AsideRequest {
  readonly session: EngineSession;
  /** Where the text without its bad rows goes. */
  readonly folder: string;
  readonly columns: readonly TargetColumn[];
  readonly signal?: AbortSignal;
}

/** The rows of a text file that cannot be read or, when there are none, those that do not fit; at most one more than may be taken out. */
export async function findBadRows(source: Source, request: AsideRequest): Promise<readonly BadRow[]> {
  const unreadable =
    source.format === 'csv' ? await findRejects(source, request) : await findNoObjects(source, request);
  return unreadable.length > 0 ? unreadable : findMisfits(source, request);
}

/** Rows of CSV that the parser rejects, with the byte that each begins at. */
async function findRejects(source: Source, { session, signal }: AsideRequest): Promise<readonly BadRow[]> {
  const read = readOf(source);
  const tables = "rejects_table = 'sluice_rejects', rejects_scan = 'sluice_scans'";
  const reader = readerSql(read, []).replace(
    /\)$/,
    `, store_rejects = true, rejects_limit = ${MAX_ASIDE_ROWS + 1}, ${tables})`,
  );
  try {
    await session.query(`SELECT count(*) AS n FROM (SELECT hash(t) FROM ${reader} t)`, signal);
    const rows = await session.query(
      `SELECT line_byte_position AS byte, any_value(error_type::VARCHAR) AS kind FROM sluice_rejects GROUP BY ALL`,
      signal,
    );
    return rows.map(({ byte, kind }) => ({ at: { byte: Number(byte) }, ...describeReject(String(kind), read) }));
  } finally {
    await session.run('DROP TABLE IF EXISTS sluice_rejects; DROP TABLE IF EXISTS sluice_scans', signal).catch(() => {});
  }
}

function describeReject(kind: string, { columns }: Read): Pick<BadRow, 'code' | 'reason'> {
  const reasons: Readonly<Record<string, string>> = {
    'TOO MANY COLUMNS': `expected ${columns.length} columns, got more`,
    'MISSING COLUMNS': `expected ${columns.length} columns, got fewer`,
    'UNQUOTED VALUE': 'expected the end of a quoted value, got more text or none',
    'LINE SIZE OVER MAXIMUM': 'expected a line of at most 2 MB, got more',
    'INVALID ENCODING': 'expected UTF-8, got other bytes',
  };
  return { code: 'ROW_UNREADABLE', reason: reasons[kind] ?? 'expected CSV (RFC 4180), got text that is none' };
}

/** Lines of NDJSON, and elements of an array, that are no JSON object. */
async function findNoObjects(source: Source, { session, signal }: AsideRequest): Promise<readonly BadRow[]> {
  const rows = await session.query(`SELECT * FROM ${noObjectsSql(source)} LIMIT ${MAX_ASIDE_ROWS + 1}`, signal);
  return rows.map(({ row, broken }) => ({
    at: { record: Number(row) },
    code: 'ROW_UNREADABLE',
    reason: `expected a JSON object, got ${broken === true ? 'text that is no JSON' : 'another value'}`,
  }));
}

/** Rows with a value that its column cannot hold whole. */
export async function findMisfits(
  source: Source,
  { session, columns, signal }: AsideRequest,
): Promise<readonly BadRow[]> {
  const read = readOf(source);
  const typed = columns.filter(
    ({ name, type }) => type !== 'JSON' && read.columns.some((own) => own.name.toLowerCase() === name.toLowerCase()),
  );
  if (typed.length === 0) return [];
  const faults = typed.map((column, index) => `WHEN ${misfitSql(read, column)} THEN ${index}`);
  const rows = await session.query(
    `SELECT row, fault FROM (SELECT ${PLACE.row} AS row, CASE ${faults.join(' ')} END AS fault
     FROM ${placedSql(read, 'SELECT *,', readerSql(read, typed))}) WHERE fault IS NOT NULL LIMIT ${MAX_ASIDE_ROWS + 1}`,
    signal,
  );
  return rows.map(({ row, fault }) => {
    const { name, type } = typed[Number(fault)] ?? { name: '', type: '' };
    const got = type === 'VARCHAR' ? 'a NUL' : 'another value';
    return {
      at: { record: Number(row) },
      code: 'VALUE_INVALID',
      reason: `column ${name}: expected ${type}, got ${got}`,
    };
  });
}

function readOf(source: Source): Read {
  const [read] = planReads([source], 1);
  return read ?? { format: source.format, delimiter: source.delimiter, columns: source.columns, sources: [source] };
}
