import type { Account, StandInSession } from './account.js';
import { copyInto } from './copyInto.js';
import { runDdl } from './ddl.js';
import { toDuck } from './duckSql.js';
import { noSuchThing, SnowflakeFault, unknownStatement } from './fault.js';
import type { Rowset } from './rowset.js';
import { countRowset, readerRowset, textRowset } from './rowset.js';
import { runStageStatement } from './stages.js';

const DONE = textRowset(['status'], [['Statement executed successfully.']]);

/** Runs one statement of Snowflake's SQL (binds written in) on DuckDB. Refuses whatever it does not know. */
export async function execute(account: Account, session: StandInSession, sql: string): Promise<Rowset> {
  const text = sql.trim().replace(/;$/, '');
  const word = /^[A-Za-z]+/.exec(text)?.[0]?.toUpperCase() ?? '';
  switch (word) {
    case 'BEGIN':
    case 'COMMIT':
    case 'ROLLBACK':
      return await endOrBegin(account, session, text.toUpperCase());
    case 'SELECT':
    case 'WITH':
      return readerRowset(await session.connection.runAndReadAll(toDuck(text)), spellingOf(text));
    case 'INSERT':
    case 'UPDATE':
    case 'DELETE':
    case 'MERGE':
      return await unlockAfter(account, session, () => runDml(session, word, text));
    case 'COPY':
      return await unlockAfter(account, session, () => copyInto(account, session.connection, text));
    case 'ALTER':
      if (text.startsWith('ALTER SESSION SET ')) return alterSession(session, text);
      break;
    case 'PUT':
    case 'LIST':
    case 'REMOVE':
      return await runStageStatement(account, text);
    default:
  }
  return await ddl(account, session, text);
}

/** DDL commits whatever transaction is open, as Snowflake's does, and that is counted. */
async function ddl(account: Account, session: StandInSession, text: string): Promise<Rowset> {
  const reads = /^(DESCRIBE|SHOW) /.test(text);
  if (!reads && session.inTransaction) {
    account.ddlInTransaction += 1;
    await endOrBegin(account, session, 'COMMIT');
  }
  return await (reads
    ? runDdl(account, session.connection, text)
    : unlockAfter(account, session, () => runDdl(account, session.connection, text)));
}

async function endOrBegin(account: Account, session: StandInSession, text: string): Promise<Rowset> {
  if (/^BEGIN( TRANSACTION)?$/.test(text)) {
    if (session.inTransaction) throw unknownStatement('BEGIN within a transaction');
    session.inTransaction = true;
    return DONE;
  }
  if (text !== 'COMMIT' && text !== 'ROLLBACK') throw unknownStatement(text);
  try {
    if (session.release !== undefined) await session.connection.run(text);
  } finally {
    session.inTransaction = false;
    account.unlock(session);
  }
  return DONE;
}

/**
 * Writers wait for each other: from the first write of a transaction to its end. Snowflake lets INSERTs pass; what it lets happen at
 * the same time happens here one after the other.
 */
export async function unlockAfter<T>(account: Account, session: StandInSession, work: () => Promise<T>): Promise<T> {
  const own = session.release === undefined;
  if (own) {
    await account.lock(session);
    if (session.dead) {
      account.unlock(session);
      throw new SnowflakeFault('390111', '08003', 'Session no longer exists.');
    }
    await session.connection.run('BEGIN TRANSACTION');
  }
  try {
    const answer = await work();
    if (own && !session.inTransaction) await session.connection.run('COMMIT');
    return answer;
  } catch (error) {
    // TRANSACTION_ABORT_ON_ERROR: nothing of a transaction outlives one failed statement.
    await session.connection.run('ROLLBACK').catch(() => {});
    account.unlock(session);
    session.inTransaction = false;
    throw error;
  } finally {
    if (!session.inTransaction) account.unlock(session);
  }
}

const TYPE_IDS: Readonly<Record<string, number>> = { INSERT: 0x3100, UPDATE: 0x3200, DELETE: 0x3300, MERGE: 0x3400 };

async function runDml(session: StandInSession, word: string, text: string): Promise<Rowset> {
  const id = TYPE_IDS[word] ?? 0;
  if (word !== 'MERGE') {
    const { rowsChanged } = await session.connection.run(toDuck(text));
    const verb = word === 'INSERT' ? 'inserted' : word === 'UPDATE' ? 'updated' : 'deleted';
    const more = word === 'UPDATE' ? { 'number of multi-joined rows updated': 0 } : {};
    return countRowset({ [`number of rows ${verb}`]: rowsChanged, ...more }, id);
  }
  const reader = await session.connection.runAndReadAll(`${toDuck(text)} RETURNING merge_action`);
  const actions = reader.getRows().map(([action]) => String(action));
  const count = (action: string) => actions.filter((one) => one === action).length;
  const counts: Record<string, number> = {};
  if (text.includes('WHEN NOT MATCHED')) counts['number of rows inserted'] = count('INSERT');
  if (/WHEN MATCHED/.test(text)) counts['number of rows updated'] = count('UPDATE');
  return countRowset(counts, id);
}

/** A column that stands in quotes keeps its spelling, any other is upper case. */
function spellingOf(sql: string): (name: string) => string {
  return (name) => (sql.includes(`"${name}"`) ? name : name.toUpperCase());
}

function alterSession(session: StandInSession, text: string): Rowset {
  const known = /^[A-Z_]+$/;
  for (const [, name = '', value = ''] of text
    .replace(/^ALTER SESSION SET /, '')
    .matchAll(/([A-Z_]+)\s*=\s*('(?:[^'\\]|\\.|'')*'|[A-Z0-9]+)/g)) {
    if (!known.test(name)) throw unknownStatement(text);
    session.settings.set(name, value);
  }
  return DONE;
}

/** DuckDB's errors as Snowflake would tell them. */
export function asFault(error: unknown): SnowflakeFault {
  if (error instanceof SnowflakeFault) return error;
  const text = error instanceof Error ? error.message : String(error);
  if (/Catalog Error: (Table|Schema).*does not exist/s.test(text)) return noSuchThing('Object');
  if (/Could not convert|Conversion Error/.test(text))
    return new SnowflakeFault('100038', '22018', `Numeric value is not recognized: ${text}`);
  if (/out of range/i.test(text)) return new SnowflakeFault('100132', '22003', text);
  if (/NOT NULL constraint/.test(text)) return new SnowflakeFault('100072', '22000', text);
  return new SnowflakeFault('001003', '42000', `SQL compilation error: ${text}`);
}
