import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { mkdirSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { SluiceError } from '../../shared/errors.js';
import { lockHolder, takeLock } from '../lock.js';
import { type LogFile, openLog } from '../logFile.js';
import { choosePort, LOOPBACK } from '../ports.js';
import { endProcess } from '../processTable.js';
import { watchOver } from '../watchdog.js';
import { findBinaries, type PostgresBinaries } from './binaries.js';
import { openCluster, readSecrets, SUPERUSER, writeSecrets } from './dataFolder.js';
import { ensureDatabase } from './ensureDatabase.js';
import { readPostmaster, servesFolder, settleOrphan } from './orphan.js';
import { type ServerUser, serverUser } from './serverUser.js';

export interface PostgresOptions {
  /** The cluster's folder; made when absent. */
  readonly dataDir: string;
  /** Must be free. Default: that of the last run where free, else any. */
  readonly port?: number;
  /** Told what happens beyond the ordinary, a line at a time. */
  readonly log?: (line: string) => void;
  /** Further server settings (`work_mem: '64MB'`); they win over Sluice's own. */
  readonly settings?: Readonly<Record<string, string>>;
  /** False: no fsync, for data that is thrown away. Default true. */
  readonly durable?: boolean;
  /** The folder with `bin`, `lib` and `share`. Default: that of the installed package. */
  readonly native?: string;
}

/** A running Postgres. */
export interface EmbeddedPostgres {
  readonly port: number;
  readonly pid: number;
  /** The URL of a database, as superuser, password included. It need not exist. */
  url(database: string): string;
  /** Makes the database unless it is there; answers its URL. Safe when several do it at once. */
  ensureDatabase(name: string): Promise<string>;
  /** Shuts the server down in order (open transactions are rolled back). A server that was only joined goes on. */
  close(): Promise<void>;
}

const READY_MS = 120_000;
const STOP_MS = 20_000;
const STARTS = 20;

/** Durable, and modest enough for a laptop. */
const SETTINGS = {
  listen_addresses: LOOPBACK,
  unix_socket_directories: '',
  max_connections: '200',
  shared_buffers: '128MB',
  max_wal_size: '2GB',
  wal_level: 'minimal',
  max_wal_senders: '0',
  jit: 'off',
  timezone: 'UTC',
  log_timezone: 'UTC',
  logging_collector: 'off',
} as const;
const FORGETFUL = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' } as const;

/**
 * Starts the Postgres of a folder; making the folder's cluster takes about a second more. The server ends with this process,
 * however that ends. SERVICE_NOT_STARTED: another living process holds the folder (its pid is named), the wanted port is
 * taken, no binaries for this platform, or the server refused (its log is quoted).
 */
export async function startPostgres(options: PostgresOptions): Promise<EmbeddedPostgres> {
  const named = resolve(options.dataDir);
  const log = options.log ?? (() => {});
  mkdirSync(dirname(named), { recursive: true });
  const lock = takeLock(`${named}.lock`, `the Postgres of ${named}`);
  try {
    const user = serverUser(named);
    const binaries = await findBinaries(user, options.native);
    const dataDir = await openCluster({ dataDir: named, binaries, user, durable: options.durable ?? true });
    await settleOrphan(dataDir, log);
    const server = await launch({ options, dataDir, binaries, user, logPath: `${named}.log` });
    const close = async () => {
      await server.stop();
      lock.release();
    };
    return handle(dataDir, server, close);
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** Joins the Postgres that another living process started on this folder; undefined when there is none ready. */
export function findPostgres(path: string): EmbeddedPostgres | undefined {
  const named = resolve(path);
  if (!existsSync(named) || lockHolder(`${named}.lock`) === undefined) return undefined;
  const dataDir = realpathSync(named);
  const running = readPostmaster(dataDir);
  if (running === undefined || !running.ready || !servesFolder(running, dataDir)) return undefined;
  return handle(dataDir, running, async () => {});
}

function handle(
  dataDir: string,
  { port, pid }: { port: number; pid: number },
  close: () => Promise<void>,
): EmbeddedPostgres {
  const password = readSecrets(dataDir)?.password;
  if (password === undefined)
    throw new SluiceError(
      'SERVICE_NOT_STARTED',
      `expected the password of the cluster in ${join(dataDir, 'sluice.json')}, got no readable one`,
    );
  const url = (database: string) =>
    `postgresql://${SUPERUSER}:${password}@${LOOPBACK}:${port}/${encodeURIComponent(database)}`;
  let closed: Promise<void> | undefined;
  return {
    port,
    pid,
    url,
    ensureDatabase: async (name) => {
      await ensureDatabase(url('postgres'), name);
      return url(name);
    },
    close: () => (closed ??= close()),
  };
}

interface Launch {
  readonly options: PostgresOptions;
  readonly dataDir: string;
  readonly binaries: PostgresBinaries;
  readonly user: ServerUser | undefined;
  readonly logPath: string;
}

interface RunningServer {
  readonly port: number;
  readonly pid: number;
  stop(): Promise<void>;
}

/** Starts the server, again with another port when somebody took it, and after a wait when backends of a killed server still end. */
async function launch(launching: Launch): Promise<RunningServer> {
  const { options, dataDir } = launching;
  const secrets = readSecrets(dataDir);
  for (let tries = 1; ; tries += 1) {
    const port = await choosePort('Postgres', options.port, tries === 1 ? secrets?.port : undefined);
    const log = openLog(launching.logPath);
    const outcome = await launchOnce(launching, port, log);
    if (typeof outcome !== 'string') {
      if (secrets !== undefined && secrets.port !== port) writeSecrets(dataDir, { ...secrets, port });
      return outcome;
    }
    const passing = /could not bind|could not create any TCP|still in use/.test(outcome);
    if (!passing || tries === STARTS) {
      throw new SluiceError(
        'SERVICE_NOT_STARTED',
        `expected Postgres to start in ${dataDir}, got its end; it says:\n${outcome}`,
        { facts: { dataDir, log: log.path } },
      );
    }
    await delay(250);
  }
}

/** One try; a text is the log of a server that ended. */
async function launchOnce(
  { options, dataDir, binaries, user }: Launch,
  port: number,
  log: LogFile,
): Promise<RunningServer | string> {
  const settings = {
    ...SETTINGS,
    ...(options.durable === false ? FORGETFUL : {}),
    ...options.settings,
    port: String(port),
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const server = spawn(binaries.postgres, ['-D', dataDir, ...flags], {
    ...user,
    cwd: '/',
    env: { LC_ALL: 'C' },
    detached: true, // Ctrl-C in the terminal must not stop the database before those who use it
    stdio: ['ignore', log.fd, log.fd],
  });
  const ended = new Promise<void>((resolve) => {
    server.once('exit', () => resolve());
    server.once('error', () => resolve());
  });
  log.close();
  const { pid } = server;
  if (pid === undefined) return `${binaries.postgres} could not be run`;
  const watchdog = watchOver(pid, 'INT');
  void ended.then(() => watchdog.dismiss());
  if (!(await becomesReady(server, dataDir))) {
    await endProcess(pid, ['SIGINT', 'SIGQUIT'], STOP_MS);
    await ended;
    return log.tail();
  }
  server.unref();
  return { port, pid, stop: () => stop(server, ended) };
}

async function becomesReady(server: ChildProcess, dataDir: string): Promise<boolean> {
  for (const until = Date.now() + READY_MS; Date.now() < until; await delay(10)) {
    if (server.exitCode !== null || server.signalCode !== null) return false;
    const postmaster = readPostmaster(dataDir);
    if (postmaster?.pid === server.pid && postmaster?.ready) return true;
  }
  return false;
}

async function stop(server: ChildProcess, ended: Promise<void>): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  server.ref();
  server.kill('SIGINT');
  const late = setTimeout(() => server.kill('SIGQUIT'), STOP_MS);
  await ended;
  clearTimeout(late);
}
