import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { Account, StandInSession } from './account.js';
import { tableId } from './account.js';
import { toDuck } from './duckSql.js';
import { SnowflakeFault, unknownStatement } from './fault.js';
import type { Rowset } from './rowset.js';
import { countRowset, textRowset } from './rowset.js';
import { NAME } from './text.js';

/*
 * Snowflake is READ COMMITTED: each statement sees what was committed before it began, and what its own transaction wrote. DuckDB gives a
 * transaction one state for all its statements. So when others have committed meanwhile, DuckDB's transaction is rolled back, begun anew,
 * and what it wrote is written again: rows of an INSERT as they were then, other changes under the table's lock.
 */

const GONE = new SnowflakeFault('390111', '08003', 'Session no longer exists.');

export const DONE = textRowset(['status'], [['Statement executed successfully.']]);

/** BEGIN, COMMIT, ROLLBACK. */
export async function endOrBegin(account: Account, session: StandInSession, text: string): Promise<Rowset> {
  if (session.dead) throw GONE;
  if (/^BEGIN( TRANSACTION)?$/.test(text)) {
    if (session.inTransaction) throw unknownStatement('BEGIN within a transaction');
    session.inTransaction = true;
    return DONE;
  }
  if (text !== 'COMMIT' && text !== 'ROLLBACK') throw unknownStatement(text);
  if (text === 'ROLLBACK') {
    await rollBack(account, session);
    return DONE;
  }
  try {
    await account.alone(() => commit(account, session));
  } catch (error) {
    await rollBack(account, session);
    throw error;
  }
  forget(account, session);
  return DONE;
}

async function commit(account: Account, session: StandInSession): Promise<void> {
  if (session.seen === undefined) return;
  // DuckDB refuses to commit into a table that was altered since; Snowflake does not.
  if (session.written.length > 0) await catchUp(account, session);
  await session.connection.run('COMMIT');
  account.commits += 1;
}

/** Ends the session's transaction, if any, as if it had never been. */
export async function rollBack(account: Account, session: StandInSession): Promise<void> {
  if (session.seen !== undefined) await session.connection.run('ROLLBACK').catch(() => {});
  forget(account, session);
}

function forget(account: Account, session: StandInSession): void {
  session.inTransaction = false;
  session.seen = undefined;
  session.written.length = 0;
  account.unlock(session);
}

/** Brings DuckDB's transaction to what is committed now. */
async function catchUp(account: Account, session: StandInSession): Promise<void> {
  if (session.dead) throw GONE;
  if (session.seen === account.commits) return;
  if (session.seen !== undefined) await session.connection.run('ROLLBACK');
  session.seen = account.commits;
  await session.connection.run('BEGIN TRANSACTION');
  for (const sql of session.written) {
    if (session.dead) throw GONE;
    await session.connection.run(sql);
  }
}

/** A query: within a transaction it sees what was committed before it began, and the transaction's own. */
export async function read<T>(account: Account, session: StandInSession, work: () => Promise<T>): Promise<T> {
  if (session.inTransaction) await catchUp(account, session);
  return await work();
}

/**
 * A change that is a transaction of its own, or part of the open one. TRANSACTION_ABORT_ON_ERROR: nothing of a transaction outlives one
 * failed statement.
 */
export async function change<T>(account: Account, session: StandInSession, work: () => Promise<T>): Promise<T> {
  try {
    await catchUp(account, session);
    const answer = await work();
    if (!session.inTransaction) {
      await account.alone(() => commit(account, { ...session, written: [] }));
      forget(account, session);
    }
    return answer;
  } catch (error) {
    await rollBack(account, session);
    throw error;
  }
}

/** DDL commits whatever transaction is open, as Snowflake's does, and that is counted. */
export async function changeShape<T>(account: Account, session: StandInSession, work: () => Promise<T>): Promise<T> {
  if (session.inTransaction) {
    account.ddlInTransaction += 1;
    await endOrBegin(account, session, 'COMMIT');
  }
  return await account.alone(async () => {
    const answer = await work();
    account.commits += 1;
    return answer;
  });
}

const TYPE_IDS = { INSERT: 0x3100, UPDATE: 0x3200, DELETE: 0x3300, MERGE: 0x3400 } as const;
const INSERT = new RegExp(`^INSERT INTO ${NAME} (\\(.*?\\)) (SELECT .*)$`, 's');
const CHANGED = new RegExp(`^(?:UPDATE|DELETE FROM|MERGE INTO) ${NAME} `);

/** INSERT, UPDATE, DELETE and MERGE. INSERTs go past each other and past all else; the others lock their table until the transaction ends. */
export async function runDml(
  account: Account,
  session: StandInSession,
  word: keyof typeof TYPE_IDS,
  text: string,
): Promise<Rowset> {
  if (word !== 'INSERT') {
    const table = CHANGED.exec(`${text} `)?.[1];
    if (table === undefined) throw unknownStatement(text);
    await account.lock(session, tableId(table)).catch(async (error: unknown) => {
      await rollBack(account, session);
      throw error;
    });
    if (session.dead) {
      account.unlock(session);
      throw GONE;
    }
  }
  return await change(account, session, async () => {
    const sql = word === 'INSERT' ? await keepRows(account, session, text) : toDuck(text);
    const answer = await count(session, word, { text, sql });
    session.written.push(sql);
    return answer;
  });
}

/** An INSERT whose rows are what its query gives now, whatever it would give later. */
async function keepRows(account: Account, session: StandInSession, text: string): Promise<string> {
  const [, table, columns, select] = INSERT.exec(text) ?? [];
  if (!session.inTransaction || table === undefined || columns === undefined || select === undefined)
    return toDuck(text);
  const file = join(account.folder, `${randomUUID()}.parquet`);
  await session.connection.run(`COPY (${toDuck(select)}) TO '${file}' (FORMAT parquet)`);
  const [head = ''] = toDuck(`INSERT INTO ${table} ${columns} SELECT 1`).split(' SELECT ');
  return `${head} SELECT * FROM read_parquet('${file}')`;
}

async function count(
  session: StandInSession,
  word: keyof typeof TYPE_IDS,
  { text, sql }: { readonly text: string; readonly sql: string },
): Promise<Rowset> {
  if (word !== 'MERGE') {
    const { rowsChanged } = await session.connection.run(sql);
    const verb = word === 'INSERT' ? 'inserted' : word === 'UPDATE' ? 'updated' : 'deleted';
    const more = word === 'UPDATE' ? { 'number of multi-joined rows updated': 0 } : {};
    return countRowset({ [`number of rows ${verb}`]: rowsChanged, ...more }, TYPE_IDS[word]);
  }
  const reader = await session.connection.runAndReadAll(`${sql} RETURNING merge_action`);
  const actions = reader.getRows().map(([action]) => String(action));
  const counted = (action: string) => actions.filter((one) => one === action).length;
  const counts: Record<string, number> = {};
  if (text.includes('WHEN NOT MATCHED')) counts['number of rows inserted'] = counted('INSERT');
  if (/WHEN MATCHED/.test(text)) counts['number of rows updated'] = counted('UPDATE');
  return countRowset(counts, TYPE_IDS.MERGE);
}
