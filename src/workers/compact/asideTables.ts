import { join } from 'node:path';
import { stat } from 'node:fs/promises';
import type { EngineSession } from '../../shared/engine/port.js';
import { isSluiceError } from '../../shared/errors.js';
import { quoteName, quoteText } from '../../shared/schema/columns.js';
import type { AsideRow, Parted } from './asideRows.js';
import { type AsideRequest, type BadRow, findMisfits, MAX_ASIDE_ROWS } from './findBadRows.js';
import { isNested } from './diagnose.js';
import { shadowsReader } from './plan.js';
import type { Source } from './sources.js';

/** Larger tables are not parted: the row number of each row that stays is kept in memory. */
const MAX_ROWS = 4_000_000;

/** More bad rows than this, or than good ones, are no rows at fault but a file. */
export function areTooMany(bad: number, rows: number): boolean {
  return bad === 0 || bad > MAX_ASIDE_ROWS || bad * 2 > rows;
}

/**
 * Takes the rows out of a Parquet file (or of an Avro file, which is one by now) whose values do not fit the dataset's columns, or hold a
 * NUL: writes the others to a file of their own, whose rows have the same hashes. Undefined where that is not possible.
 */
export async function partTable(source: Source, request: AsideRequest): Promise<Parted | undefined> {
  const { rows = 0, aside } = source;
  if (shadowsReader(source) || rows > MAX_ROWS) return undefined;
  try {
    const bad = await findMisfits(source, request);
    const faults = new Map(bad.flatMap((row) => ('record' in row.at ? [[row.at.record, row] as const] : [])));
    const taken = faults.size + (aside?.rows ?? 0);
    if (areTooMany(faults.size, rows) || areTooMany(taken, rows + (aside?.rows ?? 0))) return undefined;
    const file = join(request.folder, `${source.object}-${taken}.kept.parquet`);
    if (!(await keepOthers(source.file, file, { ...request, numbers: [...faults.keys()] }))) return undefined;
    const lineOf = (record: number) => aside?.lines[record] ?? record + 1;
    const lines = Array.from({ length: rows }, (_, record) => record).filter((record) => !faults.has(record));
    const left = { rows: taken, lines: lines.map(lineOf) };
    const { size: bytes } = await stat(file);
    return {
      source: { ...source, file, bytes, rows: rows - faults.size, hasPageChecksums: false, aside: left },
      rows: await describeRows(source, faults, { ...request, lineOf }),
    };
  } catch (error) {
    if (isSluiceError(error, 'ENGINE_QUERY')) return undefined;
    throw error;
  }
}

interface Keeping {
  readonly session: EngineSession;
  /** The rows that go, from 0. */
  readonly numbers: readonly number[];
  readonly signal?: AbortSignal;
}

/** Writes the other rows in their order; false where they do not come back as they were. */
async function keepOthers(from: string, to: string, { session, numbers, signal }: Keeping): Promise<boolean> {
  const [was, now] = [from, to].map((file) => `read_parquet(${quoteText(file)}, hive_partitioning = false)`);
  const others = `${was} WHERE file_row_number NOT IN (${numbers.join(', ')})`;
  await session.run(
    `COPY (SELECT * FROM ${others} ORDER BY file_row_number) TO ${quoteText(to)} (FORMAT parquet, COMPRESSION snappy)`,
    signal,
  );
  const sum = (rows: string) =>
    session.query(`SELECT count(*) AS n, sum(hash(t))::VARCHAR AS content FROM (SELECT * FROM ${rows}) t`, signal);
  const [[before], [after]] = [await sum(others), await sum(now ?? '')];
  return before?.n === after?.n && before?.content === after?.content;
}

/** Each row as a JSON object, its values as text: reading it again loses nothing. */
async function describeRows(
  { object, file, columns }: Source,
  faults: ReadonlyMap<number, BadRow>,
  { session, lineOf, signal }: AsideRequest & { readonly lineOf: (record: number) => number },
): Promise<readonly AsideRow[]> {
  const pairs = columns.flatMap(({ name, type = 'VARCHAR' }) => {
    const value = quoteName(name);
    return [quoteText(name), isNested(type) ? `to_json(${value})` : `CAST(${value} AS VARCHAR)`];
  });
  const rows = await session.query(
    `SELECT file_row_number AS row, json_object(${pairs.join(', ')})::VARCHAR AS raw
     FROM read_parquet(${quoteText(file)}, hive_partitioning = false)
     WHERE file_row_number IN (${[...faults.keys()].join(', ')}) ORDER BY row`,
    signal,
  );
  return rows.flatMap(({ row, raw }): readonly AsideRow[] => {
    const fault = faults.get(Number(row));
    if (fault === undefined) return [];
    const { code, reason } = fault;
    return [{ object, line: lineOf(Number(row)), code, reason, raw: String(raw), isRow: true }];
  });
}
