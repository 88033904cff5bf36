import { existsSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { startPostgres } from '../../src/embedded/postgres/startPostgres.js';

/** Where Debian and Ubuntu put an older server. */
const SYSTEM_SERVER = '/usr/lib/postgresql/15';

/** A second Postgres server beside the shared one. */
export interface OtherPostgres {
  /** The URL of a new empty database on it. */
  readonly freshDatabase: () => Promise<string>;
  readonly close: () => Promise<void>;
}

/** Starts a second server: the system's Postgres 15 where it is installed, else another of the embedded version. */
export async function startOtherPostgres(): Promise<OtherPostgres> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-other-'));
  await chmod(folder, 0o711);
  const native = existsSync(join(SYSTEM_SERVER, 'bin', 'postgres')) ? { native: SYSTEM_SERVER } : {};
  const server = await startPostgres({ dataDir: join(folder, 'postgres'), durable: false, ...native });
  return {
    freshDatabase: async () => {
      const name = `t_${randomBytes(8).toString('hex')}`;
      const client = new Client({ connectionString: server.url('postgres') });
      await client.connect();
      await client.query(`CREATE DATABASE "${name}"`).finally(() => client.end());
      return server.url(name);
    },
    close: async () => {
      await server.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
