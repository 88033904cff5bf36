import { isSluiceError } from '../../shared/errors.js';
import type { Refusal, Source } from './sources.js';

/** A statement that DuckDB cannot make sense of is no file's fault. */
const OWN_FAULT = /^(Parser|Binder|Catalog|Not implemented) Error/;

/** What stands and what is refused. */
export interface Sifted<T> {
  readonly answers: readonly T[];
  readonly refusals: readonly Refusal[];
}

/**
 * Asks `probe` about all sources at once; where it fails, about each half, down to the single source that cannot be read,
 * which is refused. Other errors than ENGINE_QUERY are nobody's fault and are thrown.
 */
export async function bisect<T>(
  sources: readonly Source[],
  probe: (sources: readonly Source[]) => Promise<readonly T[]>,
  refuse: (source: Source, message: string) => Refusal = refuseUnreadable,
): Promise<Sifted<T>> {
  const [first] = sources;
  if (first === undefined) return { answers: [], refusals: [] };
  try {
    return { answers: await probe(sources), refusals: [] };
  } catch (error) {
    if (!isSluiceError(error, 'ENGINE_QUERY') || OWN_FAULT.test(error.message)) throw error;
    if (sources.length === 1) return { answers: [], refusals: [refuse(first, error.message)] };
    const middle = Math.ceil(sources.length / 2);
    const left = await bisect(sources.slice(0, middle), probe, refuse);
    const right = await bisect(sources.slice(middle), probe, refuse);
    return { answers: [...left.answers, ...right.answers], refusals: [...left.refusals, ...right.refusals] };
  }
}

/** The refusal of a source that DuckDB could not read. Its message may quote rows, so only known parts of it are told. */
export function refuseUnreadable(source: Source, message: string): Refusal {
  const nul = /NUL in column (.*) of text/s.exec(message)?.[1];
  if (nul === undefined) return refuseByMessage(source, message);
  return { object: source.object, code: 'VALUE_INVALID', reason: `column ${nul}: expected text, got a NUL` };
}

function refuseByMessage(source: Source, message: string): Refusal {
  const { object, format } = source;
  const unreadable = (reason: string): Refusal => ({ object, code: 'OBJECT_UNREADABLE', reason });
  const line = lineOf(message);
  const place = line === undefined ? '' : ` near line ${line}`;
  if (format === 'parquet') {
    const codec = /Unsupported compression codec "(\w+)"|(\w+) encoding is only supported/.exec(message);
    if (codec !== null) {
      return {
        object,
        code: 'FORMAT_UNSUPPORTED',
        reason: `expected a codec and encoding of Parquet that DuckDB reads, got ${codec[1] ?? codec[2]}`,
      };
    }
    return {
      object,
      code: 'OBJECT_CORRUPT',
      reason: `expected sound Parquet, got: ${firstLine(message, source.file)}`,
    };
  }
  const columns = /Expected Number of Columns: (\d+) Found: (\d+)/.exec(message);
  if (columns !== null) {
    const reason = `expected ${columns[1]} columns, got ${columns[2]}${place}`;
    return source.endsInLine ? unreadable(reason) : { object, code: 'OBJECT_TRUNCATED', reason };
  }
  if (/invalid unicode|not utf-8|invalid UTF-8/i.test(message)) {
    return { object, code: 'VALUE_INVALID', reason: `expected UTF-8, got other bytes${place}` };
  }
  if (/unterminated quote/.test(message)) return unreadable(`expected the end of a quoted value, got none${place}`);
  if (/unexpected end of data/.test(message) && !source.endsInLine) {
    return {
      object,
      code: 'OBJECT_TRUNCATED',
      reason: `expected the end of a JSON object, got the end of the file${place}`,
    };
  }
  const malformed = readMalformed(message);
  if (malformed !== undefined) return unreadable(`expected JSON, got: ${malformed}${place}`);
  const transform = /Expected OBJECT, but got ([A-Z]+)|(has duplicate key)|(maximum_object_size)/.exec(message);
  if (transform?.[1] !== undefined) return unreadable(`expected a JSON object, got ${transform[1]}${place}`);
  if (transform?.[2] !== undefined) return unreadable(`expected each key once, got one twice${place}`);
  if (transform !== null) return unreadable(`expected a JSON object of at most 16 MiB, got more${place}`);
  if (/Maximum line size|max_line_size/.test(message))
    return unreadable(`expected lines of at most 2 MB, got more${place}`);
  if (/misfit|JSON transform error|Conversion Error/.test(message)) {
    return { object, code: 'TYPE_CHANGED', reason: `expected values of the dataset's types, got others${place}` };
  }
  return unreadable(`expected ${format === 'csv' ? 'CSV (RFC 4180)' : 'JSON'}, got text that is none${place}`);
}

/** What is wrong with JSON, in the parser's words; a comma before the end in others. */
function readMalformed(message: string): string | undefined {
  const malformed = /Malformed JSON .*?: ([a-z ()-]+)/i.exec(message)?.[1];
  return malformed?.startsWith('input length') === true ? 'no value where one has to be' : malformed;
}

/** The engine counts the lines of malformed JSON from 2. */
function lineOf(message: string): string | undefined {
  const line = /(?:CSV Error on Line: |in line )(\d+)/.exec(message)?.[1];
  return line !== undefined && message.includes('Malformed JSON') ? String(Number(line) - 1) : line;
}

function firstLine(message: string, file: string): string {
  return (message.split('\n')[0] ?? '').replaceAll(file, 'the file').slice(0, 300);
}
