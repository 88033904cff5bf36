import { isUtf8 } from 'node:buffer';
import { createWriteStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { BadRowRule } from '../../shared/config/dataset.js';
import { type ErrorCode, isSluiceError } from '../../shared/errors.js';
import { partTable } from './asideTables.js';
import { explainRefusal } from './encrypted.js';
import { type AsideRequest, type BadRow, findBadRows, MAX_ASIDE_ROWS } from './findBadRows.js';
import { countCsv } from './observe.js';
import { mendText } from './mendText.js';
import { findNul } from './scanText.js';
import { readElements, readRecords, type RecordPlace, recordText } from './records.js';
import { jsonObjectsSql } from './refuseRows.js';
import type { Refusal, Source } from './sources.js';

/** A row that was taken out of its object. */
export interface AsideRow {
  readonly object: string;
  /** From 1: the line of the object's text that it begins in; of a JSON array, Parquet and Avro the number of the row. */
  readonly line: number;
  readonly code: ErrorCode;
  /** Expected what, got what; never a value. */
  readonly reason: string;
  /** The row as it was written, without the end of its line; of Parquet and Avro a JSON object, its values as text. */
  readonly raw: string;
  /** CSV: the header line, without which the row says nothing. */
  readonly header?: string;
  /** Whether `line` is the number of a row. */
  readonly isRow?: boolean;
}

/** Larger texts are not cut: the whole object is set aside. */
const MAX_BYTES = 1 << 29;

/** Faults of rows, which leave the other rows of their object sound. */
const OF_ROWS: ReadonlySet<ErrorCode> = new Set(['OBJECT_UNREADABLE', 'TYPE_CHANGED', 'VALUE_INVALID']);

/** The sources that stay, and why the others do not. */
export interface PartedSources {
  readonly sources: readonly Source[];
  readonly refusals: readonly Refusal[];
  readonly aside: readonly AsideRow[];
}

/** Of the sources at fault, those that are sound in another way of writing stay, and those whose bad rows alone can be taken out (where that is asked for); the others are refused. */
export async function partSources(
  sources: readonly Source[],
  faults: readonly Refusal[],
  request: AsideRequest & { readonly onBadRow?: BadRowRule },
): Promise<PartedSources> {
  const faultOf = new Map(faults.map((fault) => [fault.object, fault]));
  const kept: Source[] = [];
  const refusals: Refusal[] = [];
  const aside: AsideRow[] = [];
  for (const source of sources) {
    const fault = faultOf.get(source.object);
    if (fault === undefined) {
      kept.push(source);
      continue;
    }
    const mended = await mendText(source, fault, request.folder);
    if (mended !== undefined) {
      kept.push(mended);
      continue;
    }
    const isTried = request.onBadRow === 'row' && OF_ROWS.has(fault.code);
    const parted = isTried ? await partRows(source, request) : undefined;
    if (parted === undefined) refusals.push(await explainRefusal(source, fault));
    else {
      kept.push(parted.source);
      aside.push(...parted.rows);
    }
  }
  return { sources: kept, refusals, aside };
}

/** The object without its bad rows, and these; undefined when it has to be set aside as a whole. */
export interface Parted {
  readonly source: Source;
  readonly rows: readonly AsideRow[];
}

/**
 * Takes the rows that cannot be read, or do not fit their columns, out of a file: writes the rest beside it, which
 * then is read as any other. Undefined where that is not possible: the rows at fault cannot be told, or they are too many.
 */
export async function partRows(source: Source, request: AsideRequest): Promise<Parted | undefined> {
  return source.format === 'parquet' ? partTable(source, request) : partText(source, request);
}

/** Undefined, too, for an array that is no sound JSON: then no element of it is sure. */
async function partText(source: Source, request: AsideRequest): Promise<Parted | undefined> {
  if (source.bytes > MAX_BYTES) return undefined;
  const headers = source.format === 'csv' ? 1 : 0;
  const text = await readFile(source.file);
  const isArray = source.format === 'json';
  const records = isArray ? readElements(text) : readRecords(text, { quotes: source.format === 'csv' });
  if (records === undefined) return undefined;
  const bad = source.hasNuls === true ? findNuls(text, records, headers) : await findBad(source, request);
  // Whoever counted the rows must have seen the same records.
  if (source.rows !== undefined && source.rows !== records.length - headers) return undefined;
  if (bad.length === 0 || bad.length > MAX_ASIDE_ROWS) return undefined;
  const faults = place(records, bad, headers);
  const rows = records.length - headers - (faults?.size ?? 0);
  const taken = (source.aside?.rows ?? 0) + (faults?.size ?? 0);
  if (faults === undefined || taken > rows || taken > MAX_ASIDE_ROWS) return undefined;
  // A last line without its end may have been cut, and an open quote swallows rows: then some are missing that nobody sees.
  if (isCut(source, { text, records, faults })) return undefined;
  const file = `${request.folder}/${source.object}-${faults.size}-${rows}.rows`;
  await pipeline(
    Readable.from(isArray ? keptElements(text, records, faults) : keptParts(text, records, faults)),
    createWriteStream(file),
  );
  const { nulls: _, ...untold } = source;
  const kept: Source = { ...untold, file, bytes: source.bytes - lengthOf(records, faults), rows, hasNuls: false };
  if (!(await holdsRows(kept, request))) return undefined;
  // What is no text cannot be kept as it was written.
  if ([...faults.keys()].some((index) => !isText(text, records[index]))) return undefined;
  const lines = records.map(({ line }, index) => source.aside?.lines[index] ?? line);
  const header = headers === 0 || records[0] === undefined ? {} : { header: recordText(text, records[0]) };
  const found = [...faults].map(([index, { code, reason }]): AsideRow => {
    const raw = recordText(text, records[index] ?? { from: 0, to: 0, line: 0 });
    const place = { object: source.object, line: lines[index] ?? 0, code, reason };
    // Newlines between the tokens of JSON are blanks: so the row is a line of its own.
    return isArray
      ? { ...place, raw: raw.trim().replaceAll(/[\r\n]+/g, ' '), isRow: true }
      : { ...place, raw, ...header };
  });
  const left = { rows: taken, lines: lines.filter((_, index) => !faults.has(index)) };
  return { source: { ...kept, aside: left }, rows: found };
}

async function findBad(source: Source, request: AsideRequest): Promise<readonly BadRow[]> {
  return findBadRows(source, request).catch((error: unknown) => {
    if (source.format === 'json' && isSluiceError(error, 'ENGINE_QUERY')) return [];
    throw error;
  });
}

function isText(text: Buffer, record: RecordPlace | undefined): boolean {
  return record !== undefined && isUtf8(text.subarray(record.from, record.to));
}

interface Faulty {
  readonly text: Buffer;
  readonly records: readonly RecordPlace[];
  readonly faults: ReadonlyMap<number, BadRow>;
}

function isCut({ endsInLine, format }: Source, { text, records, faults }: Faulty): boolean {
  if (format === 'json') return false;
  const [last, fault] = [records.at(-1), faults.get(records.length - 1)];
  if (last === undefined || fault === undefined) return false;
  return !endsInLine || (fault.code === 'ROW_UNREADABLE' && recordText(text, last).includes('\n'));
}

/** Records with a NUL, plain or as an escape of JSON. */
function findNuls(text: Buffer, records: readonly RecordPlace[], headers: number): readonly BadRow[] {
  return records.flatMap(({ from, to }, index) => {
    const record = text.subarray(from, to);
    if (findNul(record, headers === 0) < 0) return [];
    return [{ at: { record: index - headers }, code: 'VALUE_INVALID' as const, reason: 'expected text, got a NUL' }];
  });
}

/** The rows at fault by the index of their record; undefined when one lies outside. */
function place(
  records: readonly RecordPlace[],
  bad: readonly BadRow[],
  headers: number,
): ReadonlyMap<number, BadRow> | undefined {
  const faults = new Map<number, BadRow>();
  for (const row of bad) {
    const { at } = row;
    const index = 'record' in at ? at.record + headers : records.findIndex(({ to }) => at.byte < to);
    if (index < headers || index >= records.length) return undefined;
    if (!faults.has(index)) faults.set(index, row);
  }
  return faults;
}

function* keptParts(text: Buffer, records: readonly RecordPlace[], faults: ReadonlyMap<number, BadRow>) {
  let from = 0;
  for (const [index, record] of records.entries()) {
    if (!faults.has(index)) continue;
    yield text.subarray(from, record.from);
    from = record.to;
  }
  yield text.subarray(from);
}

function* keptElements(text: Buffer, records: readonly RecordPlace[], faults: ReadonlyMap<number, BadRow>) {
  let before = '[';
  for (const { from, to } of records.filter((_, index) => !faults.has(index))) {
    yield Buffer.from(before);
    yield text.subarray(from, to);
    before = ',\n';
  }
  yield Buffer.from(before === '[' ? '[]' : ']\n');
}

function lengthOf(records: readonly RecordPlace[], faults: ReadonlyMap<number, BadRow>): number {
  return [...faults.keys()].reduce((sum, index) => sum + ((records[index]?.to ?? 0) - (records[index]?.from ?? 0)), 0);
}

/** The parser must find as many rows in the rest as there are records: where quotes went astray it does not. */
async function holdsRows(source: Source, { session, signal }: AsideRequest): Promise<boolean> {
  if (source.format === 'json') {
    const [row] = await session.query(`SELECT count(*) AS n FROM ${jsonObjectsSql(source)}`, signal);
    return Number(row?.n) === source.rows;
  }
  if (source.format !== 'csv') return true;
  const { rows: expected, ...uncounted } = source;
  const { answers } = await countCsv([uncounted], { session, ...(signal === undefined ? {} : { signal }) });
  return answers[0]?.rows === expected;
}
