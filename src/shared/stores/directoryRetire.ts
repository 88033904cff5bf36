import { randomUUID } from 'node:crypto';
import { link, mkdir, readFile, rename, rm, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { PRIVATE_FOLDER, isAbsence, requireInside } from './directoryKeys.js';
import type { RetireAnswer, RetireRequest, StoredObject } from './port.js';

interface RetirePlace {
  /** Of the store. */
  readonly root: string;
  /** Path of the object's tags below the root. */
  readonly tagsFile: string;
  /** What a key shows now; and what stands at a path below the root. */
  readonly head: (key: string) => Promise<StoredObject | undefined>;
  readonly look: (path: string) => Promise<StoredObject | undefined>;
  readonly tag: (tags: Readonly<Record<string, string>>) => Promise<void>;
}

const tagsSchema = z.object({ eTag: z.string(), tags: z.record(z.string(), z.string()) });

/**
 * Tags, moves or deletes a file of that eTag; see the port. It is taken out of its place first and looked at there: one that was written
 * at the last moment goes back, unless a still newer one stands there by then.
 */
export async function retireFile({ key, eTag, how }: RetireRequest, place: RetirePlace): Promise<RetireAnswer> {
  const { root, tagsFile, head, look, tag } = place;
  if (how.kind === 'move') requireInside(root, how.to);
  const current = await head(key);
  if (current === undefined) return how.kind === 'move' && (await head(how.to)) !== undefined ? 'done' : 'absent';
  if (current.eTag !== eTag) return 'changed';
  if (how.kind === 'tag') {
    await tag({ ...(await readTags(join(root, tagsFile), eTag)), ...how.tags });
    return 'done';
  }
  const from = join(root, key);
  const aside = join(root, PRIVATE_FOLDER, `retired-${randomUUID()}`);
  await mkdir(dirname(aside), { recursive: true });
  await rename(from, aside);
  if ((await look(aside))?.eTag !== eTag) {
    await link(aside, from).catch(() => {});
    await unlink(aside);
    return 'changed';
  }
  await finish(aside, { root, how });
  await rm(join(root, tagsFile), { force: true });
  return 'done';
}

async function finish(aside: string, { root, how }: { root: string; how: RetireRequest['how'] }): Promise<void> {
  if (how.kind !== 'move') return unlink(aside);
  const to = join(root, how.to);
  await mkdir(dirname(to), { recursive: true });
  await rename(aside, to);
}

/** Tags of another version of the file are none of this one's. */
async function readTags(path: string, eTag: string): Promise<Readonly<Record<string, string>>> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (isAbsence(error)) return undefined;
    throw error;
  });
  if (text === undefined) return {};
  const kept = tagsSchema.parse(JSON.parse(text));
  return kept.eTag === eTag ? kept.tags : {};
}
