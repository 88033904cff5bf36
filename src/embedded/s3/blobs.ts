import { randomBytes } from 'node:crypto';
import { constants, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { type FileHandle, copyFile, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Segment } from './records.js';

const FLUSH_BYTES = 1024 * 1024;
const READ_BYTES = 1024 * 1024;

/** A file of bytes being written, under a name that no other will ever have. */
export interface BlobDraft {
  readonly id: string;
  write(chunk: Buffer): Promise<void>;
  /** The bytes are in the file (on the disk, when the store is durable). */
  finish(): Promise<void>;
  /** Throws the file away. */
  discard(): Promise<void>;
}

/** Immutable files with random names, in 256 folders. A name in the journal makes a file part of an object. */
export class Blobs {
  readonly #dir: string;
  readonly #isDurable: boolean;
  readonly #readers = new Map<string, number>();
  readonly #doomed = new Set<string>();

  constructor(dir: string, options: { readonly isDurable: boolean }) {
    this.#dir = dir;
    this.#isDurable = options.isDurable;
    for (let shard = 0; shard < 256; shard++)
      mkdirSync(join(dir, shard.toString(16).padStart(2, '0')), { recursive: true });
  }

  async draft(): Promise<BlobDraft> {
    const id = randomBytes(16).toString('hex');
    const handle = await open(this.#path(id), 'wx');
    return new Draft({
      id,
      handle,
      isDurable: this.#isDurable,
      remove: () => this.#unlink(id),
      folder: join(this.#dir, id.slice(0, 2)),
    });
  }

  /** A second file with the same bytes; shared blocks where the file system can. */
  async copy(segment: Segment, from: Blobs): Promise<Segment> {
    const id = randomBytes(16).toString('hex');
    await copyFile(from.#path(segment.id), this.#path(id), constants.COPYFILE_FICLONE);
    return { id, size: segment.size };
  }

  /** Keeps these files readable until the returned function is called, even when they are dropped meanwhile. */
  hold(segments: readonly Segment[]): () => void {
    for (const { id } of segments) this.#readers.set(id, (this.#readers.get(id) ?? 0) + 1);
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      for (const { id } of segments) this.#letGo(id);
    };
  }

  /** Removes files that no object names any more, once nobody reads them. */
  drop(segments: readonly Segment[]): void {
    for (const { id } of segments) {
      if (this.#readers.has(id)) this.#doomed.add(id);
      else void this.#unlink(id);
    }
  }

  /** Removes every file that is not named: what a killed process had begun and never committed. */
  sweep(isNamed: (id: string) => boolean): void {
    for (const shard of readdirSync(this.#dir))
      for (const id of readdirSync(join(this.#dir, shard))) if (!isNamed(id)) rmSync(join(this.#dir, shard, id));
  }

  /** The bytes from `start` up to, not including, `end` of the segments laid end to end. Hold them meanwhile. */
  async *read(segments: readonly Segment[], start: number, end: number): AsyncGenerator<Buffer> {
    let offset = 0;
    for (const segment of segments) {
      const from = Math.max(start - offset, 0);
      const to = Math.min(end - offset, segment.size);
      if (from < to) yield* this.#readFile(segment.id, from, to);
      offset += segment.size;
    }
  }

  async *#readFile(id: string, start: number, end: number): AsyncGenerator<Buffer> {
    const handle = await open(this.#path(id), 'r');
    try {
      for (let at = start; at < end;) {
        const buffer = Buffer.allocUnsafe(Math.min(READ_BYTES, end - at));
        const { bytesRead } = await handle.read(buffer, 0, buffer.length, at);
        if (bytesRead === 0) throw new Error(`expected ${end} bytes in ${this.#path(id)}, got ${at}`);
        at += bytesRead;
        yield buffer.subarray(0, bytesRead);
      }
    } finally {
      await handle.close();
    }
  }

  #letGo(id: string): void {
    const readers = (this.#readers.get(id) ?? 1) - 1;
    if (readers > 0) return void this.#readers.set(id, readers);
    this.#readers.delete(id);
    if (this.#doomed.delete(id)) void this.#unlink(id);
  }

  /** A file that cannot be removed now is swept at the next start. */
  async #unlink(id: string): Promise<void> {
    await rm(this.#path(id), { force: true }).catch(() => {});
  }

  #path(id: string): string {
    return join(this.#dir, id.slice(0, 2), id);
  }
}

interface DraftOptions {
  readonly id: string;
  readonly handle: FileHandle;
  readonly folder: string;
  readonly isDurable: boolean;
  readonly remove: () => Promise<void>;
}

class Draft implements BlobDraft {
  readonly id: string;
  readonly #handle: FileHandle;
  readonly #folder: string;
  readonly #isDurable: boolean;
  readonly #remove: () => Promise<void>;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;

  constructor(options: DraftOptions) {
    this.id = options.id;
    this.#handle = options.handle;
    this.#folder = options.folder;
    this.#isDurable = options.isDurable;
    this.#remove = options.remove;
  }

  async write(chunk: Buffer): Promise<void> {
    this.#waiting.push(chunk);
    this.#waitingBytes += chunk.length;
    if (this.#waitingBytes >= FLUSH_BYTES) await this.#flush();
  }

  async finish(): Promise<void> {
    await this.#flush();
    if (this.#isDurable) await this.#handle.sync();
    await this.#handle.close();
    if (this.#isDurable) await syncFolder(this.#folder);
  }

  async discard(): Promise<void> {
    await this.#handle.close().catch(() => {});
    await this.#remove();
  }

  async #flush(): Promise<void> {
    const chunks = this.#waiting;
    this.#waiting = [];
    this.#waitingBytes = 0;
    for (const chunk of chunks.length > 1 ? [Buffer.concat(chunks)] : chunks) {
      for (let at = 0; at < chunk.length;) at += (await this.#handle.write(chunk, at)).bytesWritten;
    }
  }
}

/** The name of a new file is on the disk only when its folder is. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
