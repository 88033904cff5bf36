import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { DuckDBInstance } from '@duckdb/node-api';
import { SnowflakeFault } from './fault.js';
import type { People } from './setup.js';
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
  /** The integration that is told of errors, as written. */
  told: string | undefined;
}

/** One session of a user. */
export interface StandInSession {
  readonly id: number;
  readonly connection: DuckDBConnection;
  readonly settings: Map<string, string>;
  /** BEGIN was said. */
  inTransaction: boolean;
  /** DuckDB's own transaction is open, and sees what was committed up to this number. */
  seen: number | undefined;
  /** What the transaction wrote so far, as DuckDB's SQL: said again when it moves on to a newer state of the account. */
  readonly written: string[];
  dead: boolean;
}

/** Everything that an account holds: databases in DuckDB, stages on disk, and who may write now. */
export interface Account {
  readonly stages: Map<string, Stage>;
  readonly integrations: Map<string, string>;
  readonly people: People;
  /** Table as `tableId` writes it -> column -> Snowflake type, in order. */
  readonly tables: Map<string, Map<string, string>>;
  readonly pipes: Map<string, Pipe>;
  readonly folder: string;
  /** Statements that committed a transaction by the way, as DDL does. Must stay 0. */
  ddlInTransaction: number;
  /** The report of pipes names no file any more, as after ten minutes. */
  reportForgets: boolean;
  /** Commits so far. */
  commits: number;
  openSession(): Promise<StandInSession>;
  /** Waits until nobody else updates the table: UPDATE, DELETE and MERGE hold it until their transaction ends. */
  lock(session: StandInSession, table: string): Promise<void>;
  /** Frees what the session holds. */
  unlock(session: StandInSession): void;
  /** How many statements wait for a lock. */
  waiting(): number;
  /** One after the other: commits, and DDL. */
  alone<T>(work: () => Promise<T>): Promise<T>;
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

/** Opens an empty account with one database RAW. `integrations`: name -> folder that stands for its bucket; `buckets`: URL -> folder. */
export async function openAccount(
  integrations: Map<string, string>,
  buckets: ReadonlyMap<string, string> = new Map(),
): Promise<Account> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-snowflake-'));
  const instance = await DuckDBInstance.create(':memory:', { threads: '2' });
  const first = await instance.connect();
  await first.run(`ATTACH ':memory:' AS "RAW"`);
  await first.run(`CREATE SCHEMA "RAW"."PUBLIC"`);
  let sessions = 0;
  const held = new Map<string, StandInSession>();
  const waiting = new Set<() => void>();
  let turn: Promise<unknown> = Promise.resolve();
  const account: Account = {
    stages: new Map(),
    integrations,
    people: { users: new Map(), roles: new Map(), warehouses: new Set(), monitors: new Set(), buckets },
    tables: new Map(),
    pipes: new Map(),
    folder,
    ddlInTransaction: 0,
    reportForgets: false,
    commits: 0,
    openSession: async () => {
      const connection = await instance.connect();
      await connection.run(`USE "RAW"."PUBLIC"`);
      await connection.run(`SET TimeZone = 'UTC'`);
      sessions += 1;
      const state = { inTransaction: false, seen: undefined, written: [], dead: false };
      return { id: sessions, connection, settings: new Map(), ...state };
    },
    lock: async (session, table) => {
      const giveUpMs = Date.now() + Number(session.settings.get('LOCK_TIMEOUT') ?? 43_200) * 1000;
      while (![undefined, session].includes(held.get(table))) await freed(waiting, giveUpMs - Date.now());
      held.set(table, session);
    },
    unlock: (session) => {
      for (const [table, holder] of held) if (holder === session) held.delete(table);
      for (const wake of waiting) wake();
    },
    waiting: () => waiting.size,
    alone: async (work) => {
      const mine = turn.then(work);
      turn = mine.catch(() => {});
      return await mine;
    },
    close: async () => {
      first.closeSync();
      instance.closeSync();
      await rm(folder, { recursive: true, force: true });
    },
  };
  return account;
}

/** Waits until somebody frees a table. */
async function freed(waiting: Set<() => void>, ms: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const fault = new SnowflakeFault('000625', '57014', 'Statement has waited for a lock longer than LOCK_TIMEOUT.');
    const timer = setTimeout(() => reject(fault), Math.min(Math.max(ms, 0), 2 ** 31 - 1));
    const wake = () => {
      clearTimeout(timer);
      waiting.delete(wake);
      resolve();
    };
    waiting.add(wake);
  });
}
