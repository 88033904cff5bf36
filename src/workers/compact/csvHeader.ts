import { isUtf8 } from 'node:buffer';
import type { ErrorCode } from '../../shared/errors.js';
import { findDuplicate } from './read.js';

/** What the first record of a CSV text says, or why it is no header. */
export type CsvHeader =
  | { readonly kind: 'header'; readonly delimiter: string; readonly names: readonly string[] }
  | { readonly kind: 'refused'; readonly code: ErrorCode; readonly reason: string };

/** A header ends within so many bytes: what is looked at of a text's beginning. */
export const HEADER_BYTES = 1 << 16;

/**
 * Reads the header line of a CSV text from its first bytes. The engine passes over the first record without a look at it: one whose
 * quotes go astray takes rows along, and bytes that are no text become names. So it is proven here. Pure.
 */
export function readCsvHeader(head: Buffer, known: readonly string[]): CsvHeader {
  const start = head.subarray(0, 3).toString('hex') === 'efbbbf' ? 3 : 0;
  // Separators, quotes and ends of lines are one byte each, so that characters of latin1 are places of bytes.
  const text = head.toString('latin1', start);
  const other = otherText(text);
  if (other !== undefined) return other;
  const records = [',', '\t', ';', '|'].map((delimiter) => ({ delimiter, ...splitRecord(text, delimiter) }));
  const best = records.toSorted((a, b) => score(b, known) - score(a, known))[0];
  if (best === undefined || best.names.every((name) => name === '')) return mismatch('an empty one');
  if (best.end === text.length && head.length >= HEADER_BYTES) {
    return refuse('OBJECT_UNREADABLE', `expected a header line of at most ${HEADER_BYTES} bytes, got more`);
  }
  if (!isUtf8(head.subarray(start, start + best.end))) {
    return refuse('VALUE_INVALID', 'expected UTF-8, got other bytes near line 1');
  }
  if (best.isAstray) {
    return refuse('OBJECT_UNREADABLE', 'expected the end of a quoted value, got more text or none near line 1');
  }
  if (hasOtherEnds(text, best.end)) {
    return refuse(
      'OBJECT_UNREADABLE',
      'expected a header whose lines end as the header does, got another end inside a name',
    );
  }
  const names = best.names.map((name, index) =>
    name === '' ? `column${index}` : Buffer.from(name, 'latin1').toString('utf8'),
  );
  if (isRow(names, known)) return mismatch('a row: none of the columns is named');
  const twice = findDuplicate(names);
  if (twice !== undefined) {
    return refuse('COLUMN_MISMATCH', `expected each column once in the header, got ${twice} twice`);
  }
  return { kind: 'header', delimiter: best.delimiter, names };
}

/** A page of an error, or JSON, under the name of a CSV: it would be a header without rows. */
function otherText(text: string): CsvHeader | undefined {
  if (isMarkup(text)) return refuse('FORMAT_UNSUPPORTED', MARKUP);
  if (!/^\s*(\{\s*["}]|\[\s*[[{"\]\d])/.test(text)) return undefined;
  return refuse('FORMAT_UNSUPPORTED', 'expected CSV, got JSON: name it .ndjson or .json, or set source.format');
}

/** What is said of a document in place of data. */
export const MARKUP = 'expected CSV or JSON, got an HTML or XML document, maybe the page of an error: deliver the data';

/** Whether a text begins as HTML or XML do. */
export function isMarkup(text: string): boolean {
  return /^\s*<(!doctype|html|\?xml)/i.test(text);
}

function score({ names, isAstray }: CsvRecord, known: readonly string[]): number {
  const wanted = new Set(known.map((name) => Buffer.from(name).toString('latin1').toLowerCase()));
  const own = names.filter((name) => wanted.has(name.toLowerCase())).length;
  return own * 1e6 + names.length - (isAstray ? 0.5 : 0);
}

interface CsvRecord {
  readonly names: readonly string[];
  /** Where it ends. */
  readonly end: number;
  /** Text stands behind a closing quote, or a quote stays open. */
  readonly isAstray: boolean;
}

/** Blanks of ASCII alone: the text's characters are bytes, and one of a letter's may look like a blank. */
function trimBlanks(field: string): string {
  return field.replaceAll(/^[ \t\v\f]+|[ \t\v\f]+$/g, '');
}

/** Whether a name goes over lines that end otherwise than the header itself: the engine would take all rows for a part of it. */
function hasOtherEnds(text: string, end: number): boolean {
  const own = /^(?:\r\n|\n|\r)/.exec(text.slice(end))?.[0];
  return (
    text
      .slice(0, end)
      .match(/\r\n|\n|\r/g)
      ?.some((inner) => inner !== own) ?? false
  );
}

/** The fields of the first record (RFC 4180: quotes double inside quotes; blanks may stand around them). */
function splitRecord(text: string, delimiter: string): CsvRecord {
  const names: string[] = [];
  let [field, state, isAstray, at]: [string, 'plain' | 'quoted' | 'closed', boolean, number] = ['', 'plain', false, 0];
  const next = () => {
    names.push(trimBlanks(field));
    [field, state] = ['', 'plain'];
  };
  for (; at < text.length; at++) {
    const char = text.charAt(at);
    if (state === 'quoted') {
      if (char !== '"') field += char;
      else if (text.charAt(at + 1) === '"') field += text.charAt(at++);
      else state = 'closed';
    } else if (char === '\n' || char === '\r') break;
    else if (char === delimiter) next();
    else if (state === 'closed') isAstray ||= char !== ' ';
    else if (char === '"' && trimBlanks(field) === '') [field, state] = ['', 'quoted'];
    else field += char;
  }
  isAstray ||= state === 'quoted';
  next();
  return { names, end: at, isAstray };
}

const VALUE = /^(-?\d+([.,]\d+)*([eE][+-]?\d+)?|\d{4}-\d\d-\d\d([ T].*)?|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$/i;

/**
 * Whether the first line of a CSV is a row: of a dataset whose columns are known it names none, but has values; of an unknown one it has
 * nothing but values. Taking it for a header would lose the row and make up columns.
 */
function isRow(names: readonly string[], known: readonly string[]): boolean {
  if (known.length === 0) return names.length > 1 && names.every((name) => VALUE.test(name));
  const own = new Set(known.map((name) => name.toLowerCase()));
  return names.some((name) => VALUE.test(name)) && !names.some((name) => own.has(name.toLowerCase()));
}

function mismatch(got: string): CsvHeader {
  return refuse('COLUMN_MISMATCH', `expected a header line, got ${got}`);
}

function refuse(code: ErrorCode, reason: string): CsvHeader {
  return { kind: 'refused', code, reason };
}
