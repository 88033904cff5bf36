import type { EngineSession, EngineValue } from '../../shared/engine/port.js';
import { quoteName, quoteText } from '../../shared/schema/columns.js';
import { bisect } from './bisect.js';
import { CODE, type Read, planReads } from './plan.js';
import type { Source } from './sources.js';
import { readerSql } from './sql.js';

/** Rows of one file that are looked at; the cast of every value checks the guess afterwards. */
const SAMPLE_ROWS = 1_000;

interface GuessOptions {
  readonly session: EngineSession;
  /** Columns to guess. */
  readonly names: readonly string[];
  /** Look at every row of the files, not at a sample. */
  readonly whole: boolean;
  readonly signal?: AbortSignal;
}

/** Guesses the types of text columns, file by file: object -> name -> type. A column without any value is NULL. */
export async function guessTypes(
  sources: readonly Source[],
  options: GuessOptions,
): Promise<ReadonlyMap<string, ReadonlyMap<string, string>>> {
  const { answers } = await bisect(sources, async (some) => {
    const found: (readonly [string, ReadonlyMap<string, string>])[] = [];
    for (const read of planReads(some, 1)) found.push(...(await guessRead(read, options)));
    return found;
  });
  return new Map(answers);
}

async function guessRead(read: Read, { session, names, whole, signal }: GuessOptions) {
  const wanted = new Set(names.map((name) => name.toLowerCase()));
  const columns = read.columns
    .map((column, index) => ({ ...column, index }))
    .filter(({ name }) => wanted.has(name.toLowerCase()));
  if (columns.length === 0) return [];
  const isJson = read.format !== 'csv';
  const kinds = columns.map(({ name, index }) =>
    isJson ? jsonKind(quoteName(name)) : textKind(`nullif(c${index}, '')`),
  );
  const source = whole ? readerSql(read, []) : sampleSql(read);
  const types = isJson ? source.replaceAll(": 'VARCHAR'", ": 'JSON'") : source;
  const rows = await session.query(
    `SELECT file, ${kinds.map((_, index) => `${countSql(`k${index}`)} AS t${index}`).join(', ')}
     FROM (SELECT file_index AS file, ${kinds.map((kind, index) => `${kind} AS k${index}`).join(', ')} FROM ${types})
     GROUP BY ALL`,
    signal,
  );
  return rows.map((row) => {
    const object = read.sources[Number(row.file)]?.object ?? '';
    return [object, new Map(columns.map(({ name }, index) => [name, readCounts(row[`t${index}`] ?? null)]))] as const;
  });
}

/** The first rows of each file. */
function sampleSql(read: Read): string {
  const parts = read.sources.map((source, index) => {
    const one = readerSql({ ...read, sources: [source] }, []);
    return `(SELECT *, ${index} AS file_index FROM ${one} LIMIT ${SAMPLE_ROWS})`;
  });
  return `(${parts.join(' UNION ALL ')})`;
}

const KINDS = ['other', 'code', 'boolean', 'integer', 'number', 'date', 'moment', 'zoned', 'nested'] as const;

/** How many values look like each kind, as a list in the order of KINDS. */
function countSql(kind: string): string {
  return `[${KINDS.map((name) => `count(*) FILTER (${kind} = '${name}')`).join(', ')}]`;
}

/** What a text looks like. Digits that a number would not give back whole (leading zeros, too many) are a `code`. */
function textKind(text: string): string {
  const matches = (pattern: string) => `regexp_full_match(${text}, ${quoteText(pattern)})`;
  const fits = (type: string) => `TRY_CAST(${text} AS ${type}) IS NOT NULL`;
  const [date, time] = ['\\d{4}-\\d\\d-\\d\\d', '\\d\\d:\\d\\d(:\\d\\d(\\.\\d{1,6})?)?'];
  const whole = '(0|[1-9][0-9]*)';
  const number = `-?(${whole}?[.][0-9]+|${whole}[.]|(0|[1-9][0-9]{0,14}))([eE][+-]?[0-9]+)?|(?i:nan|-?inf(inity)?)`;
  return `CASE WHEN ${text} IS NULL THEN NULL
    WHEN ${matches(`-?${whole}`)} AND ${fits('BIGINT')} THEN 'integer'
    WHEN ${matches(number)} THEN 'number'
    WHEN ${matches('-?[0-9]+')} THEN 'code'
    WHEN lower(${text}) IN ('true', 'false') THEN 'boolean'
    WHEN ${matches(date)} AND ${fits('DATE')} THEN 'date'
    WHEN ${matches(`${date}[ T]${time}`)} AND ${fits('TIMESTAMP')} THEN 'moment'
    WHEN ${matches(`${date}[ T]${time} ?(Z|[+-]\\d\\d(:?\\d\\d)?)`)} AND ${fits('TIMESTAMPTZ')} THEN 'zoned'
    ELSE 'other' END`;
}

/** JSON tells numbers from strings: only strings are looked into, for dates and times. */
function jsonKind(value: string): string {
  const text = `${value}->>'$'`;
  const inside = textKind(text).replaceAll(/'(integer|number|boolean|code)'/g, "'other'");
  return `CASE WHEN ${value} IS NULL THEN NULL ELSE CASE json_type(${value}) WHEN 'NULL' THEN NULL WHEN 'BOOLEAN' THEN 'boolean' WHEN 'DOUBLE' THEN (CASE WHEN regexp_full_match(${text}, '-?[0-9]+') THEN 'code' ELSE 'number' END)
    WHEN 'OBJECT' THEN 'nested' WHEN 'ARRAY' THEN 'nested' WHEN 'VARCHAR' THEN (${inside})
    ELSE CASE WHEN TRY_CAST(${text} AS BIGINT) IS NULL THEN 'code' ELSE 'integer' END END END`;
}

function readCounts(value: EngineValue): string {
  const counts = Array.isArray(value) ? value.map(Number) : [];
  const all = counts.reduce((sum, count) => sum + count, 0);
  const areAll = (...kinds: readonly (typeof KINDS)[number][]) =>
    kinds.reduce((sum, kind) => sum + (counts[KINDS.indexOf(kind)] ?? 0), 0) === all;
  if (all === 0) return 'NULL';
  if (areAll('boolean')) return 'BOOLEAN';
  if (areAll('integer')) return 'BIGINT';
  if (areAll('integer', 'number')) return 'DOUBLE';
  if (areAll('date')) return 'DATE';
  if (areAll('date', 'moment')) return 'TIMESTAMP';
  if (areAll('zoned')) return 'TIMESTAMP WITH TIME ZONE';
  if (areAll('integer', 'number', 'code')) return CODE;
  return (counts[KINDS.indexOf('nested')] ?? 0) > 0 ? 'JSON' : 'VARCHAR';
}
