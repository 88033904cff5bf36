import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { SluiceError } from '../../shared/errors.js';
import { commandLine, endProcess, processMark } from '../processTable.js';

const STOP_MS = 20_000;

/** What a running server says of itself in its postmaster.pid. */
export interface Postmaster {
  readonly pid: number;
  readonly port: number;
  readonly ready: boolean;
}

/** Reads postmaster.pid (lines: pid, data folder, start, port, socket folder, address, shared memory, status); undefined when there is none. */
export function readPostmaster(dataDir: string): Postmaster | undefined {
  try {
    const lines = readFileSync(join(dataDir, 'postmaster.pid'), 'utf8').split('\n');
    const [pid, port] = [Number(lines[0]), Number(lines[3])];
    return Number.isInteger(pid) && pid > 0 ? { pid, port, ready: lines[7]?.trim() === 'ready' } : undefined;
  } catch {
    return undefined;
  }
}

/** Whether that process lives and is the Postgres server of this data folder. */
export function servesFolder(postmaster: Postmaster, dataDir: string): boolean {
  const command = commandLine(postmaster.pid);
  return command.includes('postgres') && command.includes(dataDir);
}

/**
 * Clears the way for a new server: a server left over by a process that died is shut down in order (SIGINT, at last SIGQUIT);
 * a pid file whose number now belongs to another program is removed. The caller holds the cluster's lock. SERVICE_NOT_STARTED when it stays.
 */
export async function settleOrphan(dataDir: string, log: (line: string) => void): Promise<void> {
  const left = readPostmaster(dataDir);
  // a dead pid is left to Postgres itself: it also looks for backends that outlived their postmaster
  if (left === undefined || processMark(left.pid) === undefined) return;
  if (!servesFolder(left, dataDir)) {
    rmSync(join(dataDir, 'postmaster.pid'), { force: true });
    return;
  }
  log(`stopping the Postgres that an earlier run left behind (process ${left.pid})`);
  if (await endProcess(left.pid, ['SIGINT', 'SIGQUIT'], STOP_MS)) return;
  throw new SluiceError(
    'SERVICE_NOT_STARTED',
    `expected the Postgres of ${dataDir} to stop, got process ${left.pid} still running`,
    { facts: { pid: left.pid } },
  );
}
