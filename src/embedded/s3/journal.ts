import {
  closeSync,
  fdatasync,
  ftruncateSync,
  openSync,
  readFileSync,
  renameSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { promisify } from 'node:util';
import { SluiceError } from '../../shared/errors.js';
import { type JournalLine, journalLine } from './records.js';

const syncData = promisify(fdatasync);

/** An append-only file of JSON lines. Appending is synchronous, so that a check and its append are one step. */
export interface Journal {
  /** Writes one line or, when the disk refuses or the journal is closed, throws and leaves the file as it was. */
  append(line: JournalLine): void;
  /** Resolves when everything appended so far is on the disk; calls at the same time share one sync. */
  sync(): Promise<void>;
  close(): void;
}

/**
 * Reads the journal's lines in order. A torn last line (the process was killed while writing) was never answered for:
 * it is cut off. A bad line anywhere else is SERVICE_NOT_STARTED, for then the file was damaged by something else.
 */
export function replayJournal(file: string, apply: (line: JournalLine) => void): { readonly lines: number } {
  const bytes = readIfPresent(file);
  const end = bytes.lastIndexOf(0x0a) + 1;
  if (end < bytes.length) truncateTo(file, end);
  const lines = bytes.toString('utf8', 0, end).split('\n').slice(0, -1);
  lines.forEach((text, index) => apply(parseLine(text, `${file}:${index + 1}`)));
  return { lines: lines.length };
}

/** Replaces the journal by these lines, atomically. */
export function rewriteJournal(file: string, lines: Iterable<JournalLine>): void {
  const draft = `${file}.draft`;
  let text = '';
  for (const line of lines) text += `${JSON.stringify(line)}\n`;
  writeFileSync(draft, text, { flush: true });
  renameSync(draft, file);
}

/** Opens the journal for appending. */
export function openJournal(file: string): Journal {
  const fd = openSync(file, 'a');
  let length = readIfPresent(file).length;
  let isClosed = false;
  let running: Promise<void> | undefined;
  let next: Promise<void> | undefined;
  const startSync = (): Promise<void> => {
    next = undefined;
    running = syncData(fd).finally(() => (running = undefined));
    return running;
  };
  return {
    append: (line) => {
      // Its number may be another file's by now.
      if (isClosed) throw new Error(`expected ${file} to be open`);
      const bytes = Buffer.from(`${JSON.stringify(line)}\n`);
      try {
        for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at);
      } catch (error) {
        ftruncateSync(fd, length);
        throw error;
      }
      length += bytes.length;
    },
    // A sync that runs already may have begun before our line: wait for it, then share the next one.
    sync: () => {
      if (isClosed) return Promise.reject(new Error(`expected ${file} to be open`));
      if (running === undefined) return startSync();
      next ??= running.then(startSync, startSync);
      return next;
    },
    close: () => {
      if (isClosed) return;
      isClosed = true;
      closeSync(fd);
    },
  };
}

function parseLine(text: string, place: string): JournalLine {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  const parsed = journalLine.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new SluiceError(
    'SERVICE_NOT_STARTED',
    `expected a journal line of the embedded S3, got something else at ${place}`,
  );
}

function readIfPresent(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return Buffer.alloc(0);
    throw error;
  }
}

function truncateTo(file: string, bytes: number): void {
  const fd = openSync(file, 'r+');
  ftruncateSync(fd, bytes);
  closeSync(fd);
}
