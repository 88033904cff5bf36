import type { EngineSession } from '../../shared/engine/port.js';
import { quoteName, quoteText } from '../../shared/schema/columns.js';
import { bisect } from './bisect.js';
import { MOST_DIGITS, digitsOf } from './casts.js';
import { CODE, type Read, planReads } from './plan.js';
import type { Source } from './sources.js';
import { readerSql } from './sql.js';

/** Rows of one file that are looked at; the cast of every value checks the guess afterwards. */
const SAMPLE_ROWS = 1_000;
/** The time of a statement grows faster than its columns. */
const COLUMNS_AT_ONCE = 200;

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

async function guessRead(read: Read, options: GuessOptions): Promise<Guessed> {
  const { names } = options;
  const wanted = new Set(names.map((name) => name.toLowerCase()));
  const columns = read.columns
    .map((column, index) => ({ ...column, index }))
    .filter(({ name }) => wanted.has(name.toLowerCase()));
  const found = new Map<string, Map<string, string>>();
  for (let from = 0; from < columns.length; from += COLUMNS_AT_ONCE) {
    const some = columns.slice(from, from + COLUMNS_AT_ONCE);
    for (const [object, types] of await guessColumns(read, some, options))
      found.set(object, new Map([...(found.get(object) ?? []), ...types]));
  }
  return [...found];
}

type Guessed = readonly (readonly [object: string, types: ReadonlyMap<string, string>])[];

async function guessColumns(
  read: Read,
  columns: readonly { readonly name: string; readonly index: number }[],
  { session, whole, signal }: GuessOptions,
): Promise<Guessed> {
  const isJson = read.format !== 'csv';
  const kinds = columns.map(({ name, index }) =>
    isJson ? jsonKind(quoteName(name)) : textKind(`nullif(c${index}, '')`),
  );
  const source = whole ? readerSql(read, []) : sampleSql(read);
  const types = isJson ? source.replaceAll(": 'VARCHAR'", ": 'JSON'") : source;
  const rows = await session.query(
    `SELECT file, ${kinds.map((_, index) => `bit_or(k${index}) AS t${index}`).join(', ')}
     FROM (SELECT file_index AS file, ${kinds.map((kind, index) => `${kind} AS k${index}`).join(', ')} FROM ${types})
     GROUP BY ALL`,
    signal,
  );
  return rows.map((row) => {
    const object = read.sources[Number(row.file)]?.object ?? '';
    return [
      object,
      new Map(columns.map(({ name }, index) => [name, readKinds(Number(row[`t${index}`] ?? 0))])),
    ] as const;
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

/** Each kind is a bit: the sum of a column's tells which ones its values look like. */
function bitOf(kind: (typeof KINDS)[number]): number {
  return 1 << KINDS.indexOf(kind);
}

/** What a text looks like. Digits that a number would not give back whole (leading zeros, too many) are a `code`. */
function textKind(text: string): string {
  const matches = (pattern: string) => `regexp_full_match(${text}, ${quoteText(pattern)})`;
  const fits = (type: string) => `TRY_CAST(${text} AS ${type}) IS NOT NULL`;
  const [date, time] = ['\\d{4}-\\d\\d-\\d\\d', '\\d\\d:\\d\\d(:\\d\\d(\\.\\d{1,6})?)?'];
  const whole = '(0|[1-9][0-9]*)';
  const number = `-?(${whole}?[.][0-9]+|${whole}[.]|(0|[1-9][0-9]{0,14}))([eE][+-]?[0-9]+)?|(?i:nan|-?inf(inity)?)`;
  const many = `strlen(${digitsOf(text)}) > ${MOST_DIGITS}`;
  return `CASE WHEN ${text} IS NULL THEN NULL
    WHEN ${matches(`-?${whole}`)} AND ${fits('BIGINT')} THEN ${bitOf('integer')}
    WHEN ${matches(number)} THEN (CASE WHEN strlen(${text}) > ${MOST_DIGITS} AND ${many} THEN ${bitOf('code')} ELSE ${bitOf('number')} END)
    WHEN ${matches('-?[0-9]+')} THEN ${bitOf('code')}
    WHEN lower(${text}) IN ('true', 'false') THEN ${bitOf('boolean')}
    WHEN ${matches(date)} AND ${fits('DATE')} THEN ${bitOf('date')}
    WHEN ${matches(`${date}[ T]${time}`)} AND ${fits('TIMESTAMP')} THEN ${bitOf('moment')}
    WHEN ${matches(`${date}[ T]${time} ?(Z|[+-]\\d\\d(:?\\d\\d)?)`)} AND ${fits('TIMESTAMPTZ')} THEN ${bitOf('zoned')}
    ELSE ${bitOf('other')} END`;
}

/** JSON tells numbers from strings: only strings are looked into, for dates and times. */
function jsonKind(value: string): string {
  const text = `${value}->>'$'`;
  const moments = bitOf('date') | bitOf('moment') | bitOf('zoned');
  const inside = `greatest((${textKind(text)}) & ${moments}, ${bitOf('other')})`;
  return `CASE WHEN ${value} IS NULL THEN NULL ELSE CASE json_type(${value}) WHEN 'NULL' THEN NULL WHEN 'BOOLEAN' THEN ${bitOf('boolean')}
    WHEN 'DOUBLE' THEN (CASE WHEN regexp_full_match(${text}, '-?[0-9]+') THEN ${bitOf('code')} ELSE ${bitOf('number')} END)
    WHEN 'OBJECT' THEN ${bitOf('nested')} WHEN 'ARRAY' THEN ${bitOf('nested')} WHEN 'VARCHAR' THEN (${inside})
    ELSE CASE WHEN TRY_CAST(${text} AS BIGINT) IS NULL THEN ${bitOf('code')} ELSE ${bitOf('integer')} END END END`;
}

function readKinds(bits: number): string {
  const areAll = (...kinds: readonly (typeof KINDS)[number][]) =>
    (bits & ~kinds.reduce((sum, kind) => sum | bitOf(kind), 0)) === 0;
  if (bits === 0) return 'NULL';
  if (areAll('boolean')) return 'BOOLEAN';
  if (areAll('integer')) return 'BIGINT';
  if (areAll('integer', 'number')) return 'DOUBLE';
  if (areAll('date')) return 'DATE';
  if (areAll('date', 'moment')) return 'TIMESTAMP';
  if (areAll('zoned')) return 'TIMESTAMP WITH TIME ZONE';
  if (areAll('integer', 'number', 'code')) return CODE;
  return (bits & bitOf('nested')) === 0 ? 'VARCHAR' : 'JSON';
}
