import { execFile } from 'node:child_process';
import { existsSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { SluiceError } from '../../shared/errors.js';
import { openLog } from '../logFile.js';
import { choosePort, LOOPBACK } from '../ports.js';
import { commandLine, endProcess, processMark } from '../processTable.js';
import { becomesReady, spawnServer } from '../serverProcess.js';
import type { RedisPlace, StartedRedis } from './port.js';

const run = promisify(execFile);

/** A Redis server program and the environment that it needs. */
export interface RedisProgram {
  readonly kind: 'server' | 'debian';
  readonly command: string;
  /** The whole of it; undefined: this process's own. */
  readonly env: Readonly<Record<string, string>> | undefined;
}

const READY_MS = 60_000;
const STOP_MS = 20_000;
const STARTS = 5;
/** Streams, LMOVE and what else BullMQ's scripts use. */
const OLDEST_MAJOR = 6;

/** `redis-server` or `valkey-server` on the search path, version 6.2 or newer; undefined when there is none, or SERVICE_NOT_STARTED when `required`. */
export async function findRedisOnPath(
  searchPath: string | undefined,
  required: boolean,
): Promise<RedisProgram | undefined> {
  const env = searchPath === undefined ? undefined : { PATH: searchPath };
  for (const command of ['redis-server', 'valkey-server']) {
    const program: RedisProgram = { kind: 'server', command, env };
    if (await isUsable(program)) return program;
  }
  if (!required) return undefined;
  throw new SluiceError(
    'SERVICE_NOT_STARTED',
    'expected redis-server or valkey-server 6.2 or newer on PATH, got neither',
  );
}

/** Whether the program runs and is new enough. */
export async function isUsable({ command, env }: RedisProgram): Promise<boolean> {
  try {
    const { stdout } = await run(command, ['--version'], env === undefined ? {} : { env: { ...env } });
    const [, major = '0', minor = '0'] = /v=(\d+)\.(\d+)/.exec(stdout) ?? [];
    return Number(major) > OLDEST_MAJOR || (Number(major) === OLDEST_MAJOR && Number(minor) >= 2);
  } catch {
    return false;
  }
}

/** Stops the server that a dead process left behind in this folder. The caller holds the folder's lock. */
export async function settleRedis(dir: string, log: (line: string) => void): Promise<void> {
  const pidFile = join(dir, 'redis.pid');
  if (!existsSync(pidFile)) return;
  const pid = Number(readFileSync(pidFile, 'utf8').trim());
  const ours =
    Number.isInteger(pid) &&
    pid > 0 &&
    processMark(pid) !== undefined &&
    /(redis|valkey)-server .*127\.0\.0\.1:/.test(commandLine(pid));
  if (ours) {
    log(`stopping the Redis that an earlier run left behind (process ${pid})`);
    if (!(await endProcess(pid, ['SIGTERM', 'SIGKILL'], STOP_MS))) {
      throw new SluiceError(
        'SERVICE_NOT_STARTED',
        `expected the Redis of ${dir} to stop, got process ${pid} still running`,
        { facts: { pid } },
      );
    }
  }
  rmSync(pidFile, { force: true });
}

/** Starts the program; again with another port when somebody took it, and with the data set aside when this version cannot read it. */
export async function startRedisServer(program: RedisProgram, place: RedisPlace): Promise<StartedRedis> {
  let said = '';
  for (let tries = 1; tries <= STARTS; tries += 1) {
    const port = await choosePort('Redis', place.port, tries === 1 ? place.usualPort : undefined);
    const outcome = await launchOnce(program, place, port);
    if (typeof outcome !== 'string') return outcome;
    said = outcome;
    if (/handle RDB format|append only file|AOF/i.test(said)) setDataAside(place);
    else if (!/Address already in use|bind/i.test(said)) break;
  }
  throw new SluiceError(
    'SERVICE_NOT_STARTED',
    `expected ${program.command} to start in ${place.dir}, got its end; it says:\n${said}`,
    { facts: { dir: place.dir } },
  );
}

/** Redis holds only dispatches, which the ledger can make again: data that cannot be read is no reason to stand still. */
function setDataAside({ dir, log }: RedisPlace): void {
  const data = join(dir, 'appendonlydir');
  if (!existsSync(data)) return;
  const aside = `${data}.unreadable-${Date.now()}`;
  renameSync(data, aside);
  log(`this Redis cannot read the data in ${dir}: it was set aside as ${aside}`);
}

/** One try; a text is the log of a server that ended. */
async function launchOnce(
  { command, env }: RedisProgram,
  place: RedisPlace,
  port: number,
): Promise<StartedRedis | string> {
  const log = openLog(join(place.dir, 'redis.log'));
  const server = spawnServer({
    command,
    // the configuration goes through a pipe: arguments, and so a password in them, are seen by every user of the machine
    args: ['-'],
    input: configuration(place, port),
    cwd: place.dir,
    env,
    log,
    signals: ['SIGTERM', 'SIGKILL'],
  });
  if (server === undefined) return `${command} could not be run`;
  if (await becomesReady(server, () => answers(place.password, port), READY_MS)) {
    return { port, pid: server.pid, stop: server.stop };
  }
  await server.stop();
  return log.tail();
}

function configuration({ dir, password }: RedisPlace, port: number): string {
  const folder = `"${dir.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
  const lines = [
    `bind ${LOOPBACK}`,
    `port ${port}`,
    `requirepass ${password}`,
    `dir ${folder}`,
    'daemonize no',
    'pidfile redis.pid',
    'maxmemory-policy noeviction',
  ];
  return [...lines, 'appendonly yes', 'appendfsync everysec', 'save ""', ''].join('\n');
}

/** PONG comes once the data is loaded; before, Redis answers LOADING. */
function answers(password: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host: LOOPBACK, port });
    let reply = '';
    const settle = (ready: boolean) => {
      socket.destroy();
      resolve(ready);
    };
    socket.setTimeout(1_000, () => settle(false));
    socket.once('error', () => settle(false));
    socket.once('close', () => settle(false));
    socket.on('connect', () => socket.write(`AUTH ${password}\r\nPING\r\n`));
    socket.on('data', (chunk) => {
      reply += chunk.toString('latin1');
      if (reply.split('\r\n').length > 2) settle(reply.startsWith('+OK\r\n+PONG'));
    });
  });
}
