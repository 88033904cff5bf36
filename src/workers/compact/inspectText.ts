import { open } from 'node:fs/promises';
import { HEADER_BYTES, isMarkup, MARKUP, readCsvHeader } from './csvHeader.js';
import { scanText } from './scanText.js';
import type { CompactInput, Refusal, Source, SourceFormat } from './sources.js';
import { walkCsv } from './walkCsv.js';
import { walkJson } from './walkJson.js';

/** Plain UTF-8 text: where it lies, and its bytes where they are in memory. */
export interface PlainText {
  readonly file: string;
  readonly size: number;
  readonly bytes?: Buffer;
}

export interface TextOptions {
  readonly format: SourceFormat;
  /** Names of the dataset's columns, where it has any. */
  readonly known: readonly string[];
  /** Whether text with NULs is kept, because its rows are looked at one by one. */
  readonly keepNuls?: boolean;
  /** Whether the NULLs of each column of CSV are asked for. */
  readonly countNulls?: boolean;
}

/**
 * What a text tells without the engine: the header of CSV, rows, the keys of NDJSON, NULLs. Rows and keys that its bytes do not plainly tell
 * are left to the engine.
 */
export async function inspectText(
  input: CompactInput,
  text: PlainText,
  options: TextOptions,
): Promise<Source | Refusal> {
  const { object } = input;
  const bytes = text.bytes?.subarray(0, HEADER_BYTES) ?? (await readBeginning(text.file));
  const header = options.format === 'csv' ? readCsvHeader(bytes, options.known) : undefined;
  const head = bytes.toString('utf8').replace(/^\uFEFF/, '');
  const told = (await walk(text, { ...options, header, head })) ?? (await scan(text, options));
  if (told.nulAt !== undefined && options.keepNuls !== true)
    return { object, code: 'VALUE_INVALID', reason: `expected text, got a NUL at byte ${told.nulAt}` };
  const { nulAt, ...rest } = told;
  const hasNuls = nulAt !== undefined;
  const source = { ...input, format: options.format, bytes: text.size, delimiter: '', columns: [], hasNuls, ...rest };
  if (header === undefined) {
    if (isMarkup(head)) return { object, code: 'FORMAT_UNSUPPORTED', reason: MARKUP };
    return head.trimStart().startsWith('[') ? { ...source, format: 'json' } : source;
  }
  if (header.kind === 'refused') return { object, code: header.code, reason: header.reason };
  const { rows, ...uncounted } = source;
  const columns = header.names.map((name) => ({ name }));
  // Blank lines may be rows of a single column.
  const isCounted = rows !== undefined && columns.length > 1;
  return { ...uncounted, delimiter: header.delimiter, columns, ...(isCounted ? { rows } : {}) };
}

type Told = Pick<Source, 'endsInLine' | 'isNulFree' | 'rows' | 'nulls'> & {
  readonly columns?: Source['columns'];
  /** Byte of the first NUL. */
  readonly nulAt?: number;
};

type Beginning = { readonly head: string; readonly header: ReturnType<typeof readCsvHeader> | undefined };

/** Undefined where the bytes do not tell, or nobody asks for so much. */
async function walk(
  { file, bytes = file }: { readonly file: string; readonly bytes?: Buffer | string },
  { header, head, countNulls = false }: TextOptions & Beginning,
): Promise<Told | undefined> {
  if (header === undefined) {
    const walked = head.startsWith('{') ? await walkJson(bytes) : undefined;
    if (walked === undefined) return undefined;
    const { rows, endsInLine, keys } = walked;
    const columns = keys.map(({ name }) => ({ name }));
    return { rows, endsInLine, columns, isNulFree: true, nulls: { none: keys.map(({ nulls }) => nulls), empty: [] } };
  }
  if (!countNulls || header.kind === 'refused' || header.names.length < 2) return undefined;
  const walked = await walkCsv(bytes, { delimiter: header.delimiter, columns: header.names.length });
  return walked === undefined ? undefined : { ...walked, isNulFree: true };
}

async function scan({ file, bytes }: PlainText, { format }: TextOptions): Promise<Told> {
  const { newlines, endsInLine, hasOddLines, nulAt } = await scanText(bytes ?? file, { escapes: format !== 'csv' });
  const isNulFree = bytes !== undefined && nulAt === undefined;
  const rows = newlines + (endsInLine ? 0 : 1) - 1;
  const isCounted = format === 'csv' && !hasOddLines;
  return { endsInLine, isNulFree, ...(isCounted ? { rows } : {}), ...(nulAt === undefined ? {} : { nulAt }) };
}

async function readBeginning(file: string): Promise<Buffer> {
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEADER_BYTES), 0, HEADER_BYTES, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}
