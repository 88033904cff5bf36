import { closeSync, openSync, readFileSync, statSync } from 'node:fs';

const KEPT_BYTES = 5 * 1024 * 1024;
const QUOTED_LINES = 15;

/** A server's log: a file, so that the server never blocks on or dies of a reader that went away. */
export interface LogFile {
  readonly path: string;
  readonly fd: number;
  /** The last lines of this run. */
  tail(): string;
  close(): void;
}

/** Opens for appending; begins anew when the file grew over 5 MiB. */
export function openLog(path: string): LogFile {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  const fd = openSync(path, size > KEPT_BYTES ? 'w' : 'a', 0o600);
  const start = size > KEPT_BYTES ? 0 : size;
  return {
    path,
    fd,
    tail: () => readFileSync(path).subarray(start).toString('utf8').trim().split('\n').slice(-QUOTED_LINES).join('\n'),
    close: () => closeSync(fd),
  };
}
