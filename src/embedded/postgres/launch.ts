import { setTimeout as delay } from 'node:timers/promises';
import { SluiceError } from '../../shared/errors.js';
import { openLog } from '../logFile.js';
import { choosePort, LOOPBACK } from '../ports.js';
import { becomesReady, spawnServer } from '../serverProcess.js';
import { readSecrets, writeSecrets } from './cluster.js';
import { readPostmaster } from './orphan.js';
import type { ServerUser } from './serverUser.js';

export interface LaunchOptions {
  readonly postgres: string;
  readonly dataDir: string;
  readonly user: ServerUser | undefined;
  readonly logPath: string;
  readonly port: number | undefined;
  readonly settings: Readonly<Record<string, string>>;
  readonly durable: boolean;
}

export interface RunningServer {
  readonly port: number;
  readonly pid: number;
  stop(): Promise<void>;
}

/** Crash recovery of a large load may take its time. */
const READY_MS = 120_000;
const STARTS = 20;
const PAUSE_MS = 250;

/** Durable, and modest enough for a laptop. */
const SETTINGS = {
  listen_addresses: LOOPBACK,
  unix_socket_directories: '',
  max_connections: '200',
  shared_buffers: '128MB',
  max_wal_size: '2GB',
  // nobody replicates from it: COPY into a table made in the same transaction then skips the log
  wal_level: 'minimal',
  max_wal_senders: '0',
  jit: 'off',
  timezone: 'UTC',
  log_timezone: 'UTC',
  logging_collector: 'off',
} as const;
const FORGETFUL = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' } as const;

/**
 * Starts the server of a cluster: again with another port when somebody took it, and after a pause when backends of a killed
 * server still end. SERVICE_NOT_STARTED quotes its log.
 */
export async function launch(options: LaunchOptions): Promise<RunningServer> {
  const { dataDir } = options;
  const secrets = readSecrets(dataDir);
  for (let tries = 1; ; tries += 1) {
    const port = await choosePort('Postgres', options.port, tries === 1 ? secrets?.port : undefined);
    const outcome = await launchOnce(options, port);
    if (typeof outcome !== 'string') {
      if (secrets !== undefined && secrets.port !== port) writeSecrets(dataDir, { ...secrets, port });
      return outcome;
    }
    const passing = /could not bind|could not create any TCP|still in use/.test(outcome);
    if (!passing || tries === STARTS) {
      throw new SluiceError(
        'SERVICE_NOT_STARTED',
        `expected Postgres to start in ${dataDir}, got its end; it says:\n${outcome}`,
        {
          facts: { dataDir, log: options.logPath },
        },
      );
    }
    await delay(PAUSE_MS);
  }
}

/** One try; a text is the log of a server that ended. */
async function launchOnce(options: LaunchOptions, port: number): Promise<RunningServer | string> {
  const { postgres, dataDir, user } = options;
  const settings = { ...SETTINGS, ...(options.durable ? {} : FORGETFUL), ...options.settings, port: String(port) };
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const log = openLog(options.logPath);
  const server = spawnServer({
    command: postgres,
    args: ['-D', dataDir, ...flags],
    cwd: '/',
    env: { LC_ALL: 'C' }, // nothing of PGPORT and the like; macOS needs a locale to be named
    user,
    log,
    signals: ['SIGINT', 'SIGQUIT'],
  });
  if (server === undefined) return `${postgres} could not be run`;
  const isReady = () => {
    const postmaster = readPostmaster(dataDir);
    return postmaster?.pid === server.pid && postmaster.ready;
  };
  if (await becomesReady(server, isReady, READY_MS)) return { port, pid: server.pid, stop: server.stop };
  await server.stop();
  return log.tail();
}
