import { spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import type { LogFile } from './logFile.js';
import { watchOver } from './watchdog.js';

export interface ServerCommand {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  /** The whole environment. Default: this process's own. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** Whom it runs as, when not as oneself. */
  readonly user?: { readonly uid: number; readonly gid: number } | undefined;
  /** Written to its standard input. */
  readonly input?: string;
  readonly log: LogFile;
  /** The signal for an orderly stop, and the one for when that takes too long. */
  readonly signals: readonly ['SIGINT', 'SIGQUIT'] | readonly ['SIGTERM', 'SIGKILL'];
}

/** A server that ends at the latest when this process does. It does not keep this process from ending. */
export interface ServerProcess {
  readonly pid: number;
  hasEnded(): boolean;
  /** Resolves when it is gone; no error when it was gone before. */
  stop(): Promise<void>;
}

const STOP_MS = 20_000;

/** Starts a server; undefined when the program cannot be run. */
export function spawnServer({
  command,
  args,
  cwd,
  env,
  user,
  input,
  log,
  signals,
}: ServerCommand): ServerProcess | undefined {
  const child = spawn(command, [...args], {
    ...user,
    cwd,
    ...(env === undefined ? {} : { env: { ...env } }),
    detached: true, // Ctrl-C reaches the whole process group; the server must outlive it until its users have closed
    stdio: [input === undefined ? 'ignore' : 'pipe', log.fd, log.fd],
  });
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  log.close();
  child.stdin?.on('error', () => {});
  child.stdin?.end(input);
  const { pid } = child;
  if (pid === undefined) return undefined;
  const watchdog = watchOver(pid, signals[0]);
  void ended.then(() => watchdog.dismiss());
  child.unref();
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null;
  const stop = async () => {
    if (hasEnded()) return;
    child.ref();
    child.kill(signals[0]);
    const late = setTimeout(() => child.kill(signals[1]), STOP_MS);
    await ended;
    clearTimeout(late);
  };
  return { pid, hasEnded, stop };
}

/** Waits until the server is ready; false when it ended before or `limitMs` passed. */
export async function becomesReady(
  server: ServerProcess,
  isReady: () => boolean | Promise<boolean>,
  limitMs: number,
): Promise<boolean> {
  for (const until = Date.now() + limitMs; Date.now() < until; await delay(10)) {
    if (server.hasEnded()) return false;
    if (await isReady()) return true;
  }
  return false;
}
