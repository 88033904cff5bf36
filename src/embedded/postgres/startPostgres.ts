import { existsSync, mkdirSync, realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { SluiceError } from '../../shared/errors.js';
import { lockHolder, takeLock } from '../lock.js';
import { LOOPBACK } from '../ports.js';
import { findBinaries } from './binaries.js';
import { openCluster, readSecrets, SUPERUSER } from './cluster.js';
import { ensureDatabase } from './ensureDatabase.js';
import { launch } from './launch.js';
import { readPostmaster, servesFolder, settleOrphan } from './orphan.js';
import { serverUser } from './serverUser.js';

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
  /**
   * Where binaries, and data that root keeps in a private home, are put for the server's user to reach.
   * Default: /var/lib/sluice for root, else ~/.cache/sluice.
   */
  readonly sharedDir?: string;
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
    const sharedDir =
      options.sharedDir ?? (user === undefined ? join(homedir(), '.cache', 'sluice') : '/var/lib/sluice');
    const durable = options.durable ?? true;
    const { initdb, postgres } = await findBinaries({ user, sharedDir, native: options.native });
    const dataDir = await openCluster({ dataDir: named, initdb, user, durable, sharedDir });
    await settleOrphan(dataDir, log);
    const { port, settings = {} } = options;
    const server = await launch({ postgres, dataDir, user, logPath: `${named}.log`, port, settings, durable });
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
