import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { EngineSession } from '../../shared/engine/port.js';
import { SluiceError } from '../../shared/errors.js';
import { quoteText } from '../../shared/schema/columns.js';

/** A file of the demo on this machine, and where it goes. */
export interface DemoFile {
  readonly key: string;
  readonly file: string;
  /** To be packed with gzip on its way. */
  readonly gzip: boolean;
  /** Cut off in the middle after packing. */
  readonly truncate: boolean;
}

/** The demo's two bad files: their keys say what is wrong with them. */
export const BAD_KEYS = {
  truncated: 'raw/flights/2001-03-15/truncated.csv.gz',
  typeChanged: 'raw/flights/2001-05-20/late.csv.gz',
} as const;

/** Where the 3,000,000 flights of the npm package vega-datasets lie. Throws USAGE when the package is not there. */
export function findFlights(): string {
  const roots = createRequire(import.meta.url).resolve.paths('vega-datasets') ?? [];
  const file = roots
    .map((root) => join(root, 'vega-datasets', 'data', 'flights-3m.parquet'))
    .find((path) => existsSync(path));
  if (file !== undefined) return file;
  const message = 'expected the npm package vega-datasets with the flights, got none: the demo runs in a checkout';
  throw new SluiceError('USAGE', message);
}

const COLUMNS = 'date, delay, distance, origin, destination';
const FIRST_DAY = '2001-01-01';

/** Each day is cut into 2 to 4 files by its hours; `file` is ten times the day's number plus the part's. */
function cutSql(flights: string): string {
  const days = `SELECT *, (date::DATE - DATE '${FIRST_DAY}')::INTEGER AS day FROM read_parquet(${quoteText(flights)})`;
  return `SELECT *, day * 10 + hour(date) * (2 + day % 3) // 24 AS file FROM (${days})`;
}

const JSON_LINE = `to_json({${COLUMNS.split(', ')
  .map((name) => `${name}: ${name}`)
  .join(', ')}})`;

/** One COPY a format. JSON lines go through the CSV writer: the JSON writer cannot cut by a column. */
const FORMATS = [
  { ending: 'parquet', gzip: false, select: COLUMNS, options: 'FORMAT parquet, COMPRESSION snappy' },
  { ending: 'csv', gzip: true, select: COLUMNS, options: 'FORMAT csv' },
  {
    ending: 'ndjson',
    gzip: true,
    select: JSON_LINE,
    options: `FORMAT csv, HEADER false, QUOTE '', ESCAPE '', DELIMITER '\u0001', FILE_EXTENSION 'ndjson'`,
  },
] as const;

export interface CutOptions {
  /** The Parquet file with all flights; the session can read it. */
  readonly flights: string;
  /** An existing folder in the session's scratch. */
  readonly folder: string;
  readonly signal: AbortSignal;
}

/**
 * Cuts the flights into several hundred small files of three formats, each row into exactly one, and adds two bad ones.
 * Files come as soon as those of their format are written.
 */
export async function* cutFlights(session: EngineSession, options: CutOptions): AsyncGenerator<readonly DemoFile[]> {
  const { flights, folder, signal } = options;
  for (const [index, { ending, gzip, select, options }] of FORMATS.entries()) {
    const place = join(folder, ending);
    const rows = `SELECT ${select}, file FROM (${cutSql(flights)}) WHERE file % ${FORMATS.length} = ${index}`;
    await session.run(`COPY (${rows}) TO ${quoteText(place)} (${options}, PARTITION_BY (file))`, signal);
    const paths = (await readdir(place, { recursive: true })).filter((path) => path.endsWith(`.${ending}`)).sort();
    const suffix = gzip ? `${ending}.gz` : ending;
    yield paths.map((path) => ({ key: keyOf(path, suffix), file: join(place, path), gzip, truncate: false }));
  }
  yield await makeBad(session, options);
}

/** `file=1234/data_0.csv` is part 4 of day 123. */
function keyOf(path: string, ending: string): string {
  const [, file = '0', piece = '0'] = /^file=(\d+)[\\/]data_(\d+)\./.exec(path) ?? [];
  const day = new Date(Date.parse(FIRST_DAY) + Math.floor(Number(file) / 10) * 864e5).toISOString().slice(0, 10);
  return `raw/flights/${day}/part-${Number(file) % 10}${piece === '0' ? '' : `-${piece}`}.${ending}`;
}

async function makeBad(session: EngineSession, { flights, folder, signal }: CutOptions): Promise<readonly DemoFile[]> {
  const some = `FROM (SELECT * FROM read_parquet(${quoteText(flights)}) LIMIT 2000)`;
  const truncated = join(folder, 'truncated.csv');
  const late = join(folder, 'late.csv');
  await session.run(`COPY (SELECT ${COLUMNS} ${some}) TO ${quoteText(truncated)} (FORMAT csv)`, signal);
  const words = `CASE WHEN delay > 0 THEN 'late' ELSE 'on time' END AS delay`;
  const changed = `SELECT date, ${words}, distance, origin, destination ${some}`;
  await session.run(`COPY (${changed}) TO ${quoteText(late)} (FORMAT csv)`, signal);
  return [
    { key: BAD_KEYS.truncated, file: truncated, gzip: true, truncate: true },
    { key: BAD_KEYS.typeChanged, file: late, gzip: true, truncate: false },
  ];
}
