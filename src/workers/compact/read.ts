import type { ErrorCode } from '../../shared/errors.js';
import type { FileFormat } from '../../shared/config/dataset.js';
import type { SourceFormat } from './sources.js';

type Compression = 'none' | 'gzip' | 'zstd';

/** What the first and last bytes and the name of a file say about it. */
export type FileKind =
  | { readonly kind: 'readable'; readonly format: SourceFormat | 'avro'; readonly compression: Compression }
  | { readonly kind: 'refused'; readonly code: ErrorCode; readonly reason: string };

/** First bytes of what is not read, and what to do about it. */
const UNSUPPORTED: readonly (readonly [magic: string, name: string, mend: string])[] = [
  ['425a68', 'bzip2', 'pack it with gzip or zstd'],
  ['fd377a585a00', 'xz', 'pack it with gzip or zstd'],
  ['04224d18', 'lz4', 'pack it with gzip or zstd'],
  ['ff060000', 'snappy', 'pack it with gzip or zstd'],
  ['504b0304', 'zip', 'deliver the files inside it, each packed with gzip'],
  ['4f5243', 'ORC', 'write Parquet instead'],
  ['d0cf11e0', 'an Excel workbook', 'save the sheet as CSV'],
  ['377abcaf271c', '7-Zip', 'deliver the files inside it, each packed with gzip'],
  ['526172211a07', 'RAR', 'deliver the files inside it, each packed with gzip'],
  ['1f9d', 'compress (.Z)', 'pack it with gzip or zstd'],
  ['894c5a4f', 'lzop', 'pack it with gzip or zstd'],
  ['4152524f57310000', 'Arrow', 'write Parquet instead'],
  ['53514c697465', 'SQLite', 'export its tables as Parquet or CSV'],
  ['89504e47', 'PNG', 'deliver data'],
  ['25504446', 'PDF', 'deliver data'],
];
/** Endings of what cannot be told by its first bytes. */
const UNSUPPORTED_ENDINGS: Readonly<Record<string, readonly [name: string, mend: string]>> = {
  br: ['brotli', 'pack it with gzip or zstd'],
  xlsx: ['an Excel workbook', 'save the sheet as CSV'],
  xlsm: ['an Excel workbook', 'save the sheet as CSV'],
};
const ENDINGS: Readonly<Record<string, SourceFormat | 'avro'>> = {
  parquet: 'parquet',
  parq: 'parquet',
  pq: 'parquet',
  csv: 'csv',
  tsv: 'csv',
  tab: 'csv',
  psv: 'csv',
  txt: 'csv',
  ndjson: 'ndjson',
  jsonl: 'ndjson',
  json: 'ndjson',
  avro: 'avro',
};
const PACKED: Readonly<Record<string, Compression>> = { gz: 'gzip', gzip: 'gzip', zst: 'zstd', zstd: 'zstd' };

/** Reads what a file is. The bytes decide where they can; the name decides the rest. `format` overrides the name. */
export function readKind(
  name: string,
  head: Uint8Array,
  options: { readonly size: number; readonly format: FileFormat },
): FileKind {
  const hex = Buffer.from(head.subarray(0, 8)).toString('hex');
  const endings = name.toLowerCase().split('/').at(-1)?.split('.').slice(1) ?? [];
  const last = endings.at(-1) ?? '';
  const named = readName(endings.findLast((part) => PACKED[part] === undefined) ?? '', options.format);
  if (options.size === 0) return refused('OBJECT_EMPTY', 'expected data, got a file of zero bytes');
  const compression = readCompression(hex);
  if (compression === 'none' && (hex.startsWith('50415231') || named === 'parquet')) {
    return readParquetKind(hex, options.size);
  }
  const unsupported = readUnsupported(hex, head, last);
  if (unsupported !== undefined) return unsupported;
  if (compression === 'none' && (hex.startsWith('4f626a01') || named === 'avro')) {
    return { kind: 'readable', format: 'avro', compression };
  }
  const packed = PACKED[last];
  if (packed !== undefined && options.size < 4 && /^(1f8b|28b52ffd)/.test(`${hex}${'28b52ffd'.slice(hex.length)}`)) {
    return refused('OBJECT_TRUNCATED', `expected a ${packed} file, got its first ${options.size} bytes`);
  }
  if (compression === 'none' && packed !== undefined && !isText(head)) {
    const magic = packed === 'gzip' ? '1f8b' : '28b52ffd';
    return refused(
      'OBJECT_CORRUPT',
      `expected a ${packed} header (${magic}) at byte 0, got ${hex.slice(0, magic.length)}`,
    );
  }
  return { kind: 'readable', format: named ?? guessFormat(head), compression };
}

function readName(ending: string, format: FileFormat): SourceFormat | 'avro' | undefined {
  if (format === 'auto') return ENDINGS[ending];
  return format === 'json' ? 'ndjson' : format;
}

/** zstd may begin with frames to be skipped. */
function readCompression(hex: string): Compression {
  if (hex.startsWith('1f8b')) return 'gzip';
  return hex.startsWith('28b52ffd') || /^5[0-9a-f]2a4d18/.test(hex) ? 'zstd' : 'none';
}

/** Text may begin with the letters of another format. */
function readUnsupported(hex: string, head: Uint8Array, ending: string): FileKind | undefined {
  const named = UNSUPPORTED_ENDINGS[ending];
  const [, name, mend] = UNSUPPORTED.find(([magic]) => hex.startsWith(magic) && !isText(head)) ?? [];
  const found = named !== undefined && !isText(head) ? named : name === undefined ? undefined : [name, mend];
  if (found === undefined) return undefined;
  return refused('FORMAT_UNSUPPORTED', `expected Parquet, CSV, JSON or Avro, got ${found[0]}: ${found[1]}`);
}

function readParquetKind(hex: string, size: number): FileKind {
  if (hex.startsWith('50415245'))
    return refused('FORMAT_UNSUPPORTED', 'expected plain Parquet, got an encrypted one: decrypt it before delivery');
  if (!hex.startsWith('50415231')) {
    return refused('OBJECT_CORRUPT', `expected PAR1 at byte 0, got ${hex.slice(0, 8)}`);
  }
  if (size < 12) return refused('OBJECT_TRUNCATED', `expected at least 12 bytes of Parquet, got ${size}`);
  return { kind: 'readable', format: 'parquet', compression: 'none' };
}

/** Checks the last 8 bytes of a Parquet file: the length of the footer, and PAR1. */
export function readParquetTail(tail: Uint8Array, size: number): FileKind | undefined {
  const bytes = Buffer.from(tail);
  if (bytes.subarray(4).toString('latin1') !== 'PAR1') {
    return refused(
      'OBJECT_TRUNCATED',
      `expected PAR1 at the end (byte ${size - 4}), got ${bytes.subarray(4).toString('hex')}`,
    );
  }
  const footer = bytes.readUInt32LE(0);
  if (footer + 12 > size) {
    return refused(
      'OBJECT_CORRUPT',
      `expected a footer of at most ${size - 12} bytes, got a length of ${footer} at byte ${size - 8}`,
    );
  }
  return undefined;
}

function guessFormat(head: Uint8Array): SourceFormat {
  const first = Buffer.from(head).toString('latin1').trimStart().charAt(0);
  return first === '{' || first === '[' ? 'ndjson' : 'csv';
}

function isText(head: Uint8Array): boolean {
  return head.every((byte) => byte >= 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d);
}

function refused(code: ErrorCode, reason: string): FileKind {
  return { kind: 'refused', code, reason };
}

/** The first name that comes twice, whatever its case. */
export function findDuplicate(names: readonly string[]): string | undefined {
  const seen = new Set<string>();
  return names.find((name) => seen.size === seen.add(name.toLowerCase()).size);
}
