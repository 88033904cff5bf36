import { randomBytes } from 'node:crypto';
import { linkSync, readFileSync, readlinkSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { z } from 'zod';
import { SluiceError } from '../shared/errors.js';
import { processMark } from './processTable.js';

/** A lock that is held until released, or until its process is gone. */
export interface Lock {
  release(): void;
}

const holderSchema = z.object({ pid: z.int(), mark: z.string(), machine: z.string(), nonce: z.string() });
type Holder = z.infer<typeof holderSchema>;

const HEARTBEAT_MS = 5_000;
/** A holder on another machine or in another container cannot be looked up by its pid; it is dead when its file is older than this. */
const SILENT_MS = 20_000;

/**
 * Takes the lock `file` for this process, also from a holder that is dead. SERVICE_NOT_STARTED names the pid of a living one
 * (this process included). `what` says what the lock protects, for the message.
 */
export function takeLock(file: string, what: string): Lock {
  const mine: Holder = {
    pid: process.pid,
    mark: processMark(process.pid) ?? '',
    machine: machine(),
    nonce: randomBytes(8).toString('hex'),
  };
  for (let tries = 0; tries < 10; tries += 1) {
    if (create(file, mine)) return held(file, mine);
    const holder = readHolder(file);
    if (holder !== undefined && isAlive(file, holder)) {
      throw new SluiceError(
        'SERVICE_NOT_STARTED',
        `expected ${what} to be free, got it in use by process ${holder.pid}`,
        { facts: { pid: holder.pid, file } },
      );
    }
    setAside(file, holder);
  }
  throw new SluiceError(
    'SERVICE_NOT_STARTED',
    `expected ${what} to be free, got others taking it again and again (${file})`,
    { facts: { file } },
  );
}

/** The pid of the living holder of a lock; undefined when nobody holds it. */
export function lockHolder(file: string): number | undefined {
  const holder = readHolder(file);
  return holder !== undefined && isAlive(file, holder) ? holder.pid : undefined;
}

function held(file: string, mine: Holder): Lock {
  const heartbeat = setInterval(() => {
    const now = new Date();
    try {
      utimesSync(file, now, now);
    } catch {
      // the folder was removed under us; the service will notice by itself
    }
  }, HEARTBEAT_MS);
  heartbeat.unref();
  return {
    release: () => {
      clearInterval(heartbeat);
      if (readHolder(file)?.nonce === mine.nonce) rmSync(file, { force: true });
    },
  };
}

/** A link appears at once and with its whole content, or not at all. */
function create(file: string, mine: Holder): boolean {
  const draft = `${file}.${mine.nonce}`;
  writeFileSync(draft, JSON.stringify(mine), { mode: 0o644 });
  try {
    linkSync(draft, file);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

/** Removes a dead holder's lock. Another recoverer may have done so and taken it since: then that lock is put back. */
function setAside(file: string, dead: Holder | undefined): void {
  const aside = `${file}.${randomBytes(8).toString('hex')}`;
  try {
    renameSync(file, aside);
    const taken = readHolder(aside);
    if (taken !== undefined && taken.nonce !== dead?.nonce) linkSync(aside, file);
  } catch {
    // somebody else was quicker; the next try sees what is there now
  } finally {
    rmSync(aside, { force: true });
  }
}

function isAlive(file: string, holder: Holder): boolean {
  if (holder.machine === machine()) return processMark(holder.pid) === holder.mark;
  try {
    return Date.now() - statSync(file).mtimeMs < SILENT_MS;
  } catch {
    return false;
  }
}

function readHolder(file: string): Holder | undefined {
  try {
    return holderSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return undefined;
  }
}

/** Where pids mean the same: the host, and on Linux the pid namespace. */
function machine(): string {
  try {
    return `${hostname()} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return hostname();
  }
}
