import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { DuckDBInstance } from '@duckdb/node-api';
import { SnowflakeFault } from './fault.js';
import { nameParts } from './text.js';

/** A stage: a folder of this machine. */
export interface Stage {
  readonly kind: 'internal' | 'external';
  readonly folder: string;
}

/** A pipe: what it copies, and what became of each file it was ever named. */
export interface Pipe {
  readonly copy: string;
  readonly files: Map<string, { readonly status: string; readonly rows: number }>;
}

/** One session of a user. */
export interface StandInSession {
  readonly id: number;
  readonly connection: DuckDBConnection;
  readonly settings: Map<string, string>;
  /** BEGIN was said; DuckDB's own transaction begins with the first write. */
  inTransaction: boolean;
  release: (() => void) | undefined;
  dead: boolean;
}

/** Everything that an account holds: databases in DuckDB, stages on disk, and who may write now. */
export interface Account {
  readonly stages: Map<string, Stage>;
  readonly integrations: ReadonlyMap<string, string>;
  /** Table as `tableId` writes it -> column -> Snowflake type, in order. */
  readonly tables: Map<string, Map<string, string>>;
  readonly pipes: Map<string, Pipe>;
  readonly folder: string;
  /** Statements that committed a transaction by the way, as DDL does. Must stay 0. */
  ddlInTransaction: number;
  openSession(): Promise<StandInSession>;
  /** Waits until nobody else writes. */
  lock(session: StandInSession): Promise<void>;
  unlock(session: StandInSession): void;
  close(): Promise<void>;
}

/** `DB.SCHEMA.NAME` of a name in a statement. */
export function tableId(name: string): string {
  const parts = nameParts(name);
  return ['RAW', 'PUBLIC', ...parts]
    .slice(-3)
    .join('.')
    .replace(/^.*?(?=[^.]+\.[^.]+\.[^.]+$)/, '');
}

/** Opens an empty account with one database RAW. `integrations`: name -> folder that stands for its bucket. */
export async function openAccount(integrations: ReadonlyMap<string, string>): Promise<Account> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-snowflake-'));
  const instance = await DuckDBInstance.create(':memory:', { threads: '2' });
  const first = await instance.connect();
  await first.run(`ATTACH ':memory:' AS "RAW"`);
  await first.run(`CREATE SCHEMA "RAW"."PUBLIC"`);
  let sessions = 0;
  let tail: Promise<void> = Promise.resolve();
  const account: Account = {
    stages: new Map(),
    integrations,
    tables: new Map(),
    pipes: new Map(),
    folder,
    ddlInTransaction: 0,
    openSession: async () => {
      const connection = await instance.connect();
      await connection.run(`USE "RAW"."PUBLIC"`);
      await connection.run(`SET TimeZone = 'UTC'`);
      sessions += 1;
      return { id: sessions, connection, settings: new Map(), inTransaction: false, release: undefined, dead: false };
    },
    lock: async (session) => {
      const before = tail;
      let free = () => {};
      tail = new Promise((resolve) => {
        free = resolve;
      });
      const waitMs = Number(session.settings.get('LOCK_TIMEOUT') ?? 43_200) * 1000;
      await Promise.race([before, lockTimeout(waitMs)]).catch((error: unknown) => {
        void before.then(free);
        throw error;
      });
      session.release = free;
    },
    unlock: (session) => {
      session.release?.();
      session.release = undefined;
    },
    close: async () => {
      first.closeSync();
      instance.closeSync();
      await rm(folder, { recursive: true, force: true });
    },
  };
  return account;
}

async function lockTimeout(ms: number): Promise<never> {
  await new Promise((resolve) => void setTimeout(resolve, Math.min(ms, 2 ** 31 - 1)).unref());
  throw new SnowflakeFault('000625', '57014', 'Statement has waited for a lock longer than LOCK_TIMEOUT.');
}
