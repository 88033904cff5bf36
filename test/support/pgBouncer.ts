import { spawn, spawnSync } from 'node:child_process';
import { chmod, chown, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serverUser } from '../../src/embedded/postgres/serverUser.js';

/** A PgBouncer before the server of a URL, in transaction mode: each transaction may have another of its two sessions. */
export interface TestBouncer {
  /** The same database by way of it. */
  readonly url: string;
  readonly close: () => Promise<void>;
}

/** Whether there is a PgBouncer on the PATH (Debian and Ubuntu: the package `pgbouncer`). */
export function hasPgBouncer(): boolean {
  return spawnSync('pgbouncer', ['--version'], { stdio: 'ignore' }).status === 0;
}

/** Starts one that listens on a socket file alone, so that no port is taken. */
export async function startPgBouncer(target: string): Promise<TestBouncer> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-bouncer-'));
  const { hostname, port, username, password, pathname } = new URL(target);
  const users = join(folder, 'users.txt');
  const config = join(folder, 'pgbouncer.ini');
  await writeFile(users, `"${decodeURIComponent(username)}" "${decodeURIComponent(password)}"\n`);
  await writeFile(
    config,
    `[databases]
* = host=${hostname} port=${port}
[pgbouncer]
listen_addr =
unix_socket_dir = ${folder}
listen_port = 6432
auth_type = trust
auth_file = ${users}
pool_mode = transaction
default_pool_size = 2
`,
  );
  const user = serverUser(folder);
  for (const path of [folder, users, config]) {
    if (user !== undefined) await chown(path, user.uid, user.gid);
    await chmod(path, path === folder ? 0o755 : 0o600);
  }
  const child = spawn('pgbouncer', [config], { ...user, stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const said: string[] = [];
  await new Promise<void>((resolve, reject) => {
    child.stderr.on('data', (text: Buffer) => {
      said.push(text.toString());
      if (existsSync(join(folder, '.s.PGSQL.6432')) && /process up/.test(said.join(''))) resolve();
    });
    child.once('error', reject);
    child.once('exit', () => reject(new Error(`pgbouncer ended: ${said.join('')}`)));
  });
  return {
    url: `postgres://${username}:${password}@localhost:6432${pathname}?host=${encodeURIComponent(folder)}`,
    close: async () => {
      child.kill('SIGINT');
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}
