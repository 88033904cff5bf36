import { readFile, rm, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import pLimit from 'p-limit';
import type { ObjectStore } from '../../shared/stores/port.js';
import type { DemoFile } from './cutFlights.js';

const UPLOADS_AT_ONCE = 8;
const pack = promisify(gzip);

/** Puts the files into the lake as they come, packed where they shall be. Resolves with how many. */
export async function uploadFiles(
  lake: Pick<ObjectStore, 'putFile'>,
  groups: AsyncIterable<readonly DemoFile[]>,
  signal: AbortSignal,
): Promise<number> {
  const limit = pLimit(UPLOADS_AT_ONCE);
  const uploads: Promise<void>[] = [];
  for await (const files of groups) {
    uploads.push(...files.map((file) => limit(() => uploadFile(lake, file, signal))));
  }
  await Promise.all(uploads);
  return uploads.length;
}

async function uploadFile(
  lake: Pick<ObjectStore, 'putFile'>,
  { key, file, gzip, truncate }: DemoFile,
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted();
  if (gzip) {
    const packed = await pack(await readFile(file));
    await writeFile(file, truncate ? packed.subarray(0, packed.length / 2) : packed);
  }
  await lake.putFile({ key, file, signal });
  await rm(file);
}
