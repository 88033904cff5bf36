import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openPlainSession } from './plainSession.js';

/** A Parquet file of a query's rows, as bytes. */
export async function parquet(sql: string): Promise<Uint8Array> {
  const folder = await mkdtemp(join(tmpdir(), 'parquet-'));
  const session = await openPlainSession();
  await session.run(`COPY (${sql}) TO '${folder}/x.parquet' (FORMAT parquet)`);
  await session.close();
  const bytes = await readFile(join(folder, 'x.parquet'));
  await rm(folder, { recursive: true });
  return bytes;
}
