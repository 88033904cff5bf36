import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isSluiceError, SluiceError } from '../shared/errors.js';
import type { EngineRow } from '../shared/engine/port.js';
import type { DecisionRequest, RowsAside } from '../shared/ledger/port.js';
import { replayKey } from '../shared/ledger/replays.js';
import { quoteText } from '../shared/schema/columns.js';
import { datasetOf } from '../workers/context.js';
import type { Services } from './services.js';

/** One row that was set aside, as its artifact has it. */
export interface AsideRowView {
  /** From 1, in the text of its object. */
  readonly line: number;
  readonly code: string;
  readonly reason: string;
  /** The row as it was written. */
  readonly raw: string;
}

type RowServices = Pick<Services, 'config' | 'engine' | 'lake'>;

/** Reads at most `limit` rows that were set aside, in the order of their lines, and the header line that they had. */
export async function readRowsAside(
  services: RowServices,
  rows: RowsAside,
  limit: number,
): Promise<{ readonly rows: readonly AsideRowView[]; readonly header: string | undefined }> {
  const found = await withScratch((scratch) => query(services, rows, { scratch, limit }));
  const header = found[0]?.['header'];
  return { rows: found.map(viewOf), header: typeof header === 'string' ? header : undefined };
}

/**
 * Puts the rows into the lake as an object of their own, as they were written, under a key that the rows' id makes: a second call finds it
 * there. Its name tells its format. Errors: those of the store and the engine.
 */
export async function putRowsAside(
  services: RowServices,
  rows: RowsAside,
): Promise<NonNullable<DecisionRequest['rowsFile']>> {
  const { lake, config } = services;
  const { rows: found, header } = await readRowsAside(services, rows, rows.rows);
  if (found.length !== rows.rows)
    throw new SluiceError(
      'OBJECT_CORRUPT',
      `expected ${rows.rows} rows in ${lake.uri(rows.artifact)}, got ${found.length}`,
    );
  const format = header === undefined ? (rows.code === 'CHECK_FAILED' ? 'json rows' : 'ndjson') : 'csv';
  const key = replayKey(datasetOf(config, rows.dataset), rows, format);
  const text = [...(header === undefined ? [] : [header]), ...found.map(({ raw }) => raw), ''].join('\n');
  return withScratch(async (scratch) => {
    const file = join(scratch, 'rows');
    await writeFile(file, text);
    const put = await lake.putFile({ key, file, ifAbsent: true }).catch((error: unknown) => {
      if (isSluiceError(error, 'OBJECT_EXISTS')) return undefined;
      throw error;
    });
    const eTag = put?.eTag ?? (await lake.head(key))?.eTag;
    if (eTag === undefined) throw new SluiceError('OBJECT_MISSING', `expected ${lake.uri(key)} in the lake, got none`);
    return { bucket: lake.bucket, key, eTag, size: Buffer.byteLength(text) };
  });
}

async function query(
  { engine, lake }: RowServices,
  { artifact, object }: RowsAside,
  { scratch, limit }: { readonly scratch: string; readonly limit: number },
): Promise<readonly EngineRow[]> {
  const file = join(scratch, 'rows.parquet');
  await lake.getToFile({ key: artifact, file });
  const session = await engine.open({ scratch });
  try {
    return await session.query(
      `SELECT line, code, reason, raw, header FROM read_parquet(${quoteText(file)}, hive_partitioning = false)
       WHERE object = ${quoteText(object)}::UUID ORDER BY line LIMIT ${limit}`,
    );
  } finally {
    await session.close();
  }
}

function viewOf({ line, code, reason, raw }: EngineRow): AsideRowView {
  return { line: Number(line), code: String(code), reason: String(reason), raw: String(raw) };
}

async function withScratch<T>(work: (scratch: string) => Promise<T>): Promise<T> {
  const scratch = await mkdtemp(join(tmpdir(), 'sluice-rows-'));
  try {
    return await work(scratch);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}
