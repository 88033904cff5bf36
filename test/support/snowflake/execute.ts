import type { Account, StandInSession } from './account.js';
import { copyInto } from './copyInto.js';
import { runDdl } from './ddl.js';
import { toDuck } from './duckSql.js';
import { noSuchThing, SnowflakeFault, unknownStatement } from './fault.js';
import type { Rowset } from './rowset.js';
import { copyHistoryOf } from './pipes.js';
import { readerRowset } from './rowset.js';
import { requireRight, runSetup } from './setup.js';
import { runStageStatement } from './stages.js';
import { mapOutsideQuotes, readOptions } from './text.js';
import { change, changeShape, DONE, endOrBegin, read, runDml } from './transactions.js';

/** Runs one statement of Snowflake's SQL (binds written in) on DuckDB. Refuses whatever it does not know. */
export async function execute(account: Account, session: StandInSession, sql: string): Promise<Rowset> {
  const text = sql.trim().replace(/;$/, '');
  const word = /^[A-Za-z]+/.exec(text)?.[0]?.toUpperCase() ?? '';
  const { connection } = session;
  const setup = runSetup(account, session, text);
  if (setup !== undefined) return setup;
  requireRight(account, session, text);
  switch (word) {
    case 'BEGIN':
    case 'COMMIT':
    case 'ROLLBACK':
      return await endOrBegin(account, session, text.toUpperCase());
    case 'SELECT':
    case 'WITH':
      return (
        copyHistoryOf(account, text) ??
        (await read(account, session, async () =>
          readerRowset(await connection.runAndReadAll(toDuck(text)), spellingOf(text)),
        ))
      );
    case 'INSERT':
    case 'UPDATE':
    case 'DELETE':
    case 'MERGE':
      return await runDml(account, session, word, text);
    case 'COPY':
      if (session.inTransaction) throw unknownStatement('COPY within a transaction');
      return await change(account, session, () => copyInto(account, connection, text));
    case 'PUT':
    case 'LIST':
    case 'REMOVE':
      return await runStageStatement(account, text);
    case 'DESCRIBE':
    case 'SHOW':
      return await runDdl(account, connection, text);
    case 'ALTER':
      if (text.startsWith('ALTER SESSION SET ')) return alterSession(session, text);
      break;
    default:
  }
  return await changeShape(account, session, () => runDdl(account, connection, text));
}

/** A column that stands in quotes keeps its spelling, any other is upper case. */
function spellingOf(sql: string): (name: string) => string {
  return (name) => (sql.includes(`"${name}"`) ? name : name.toUpperCase());
}

const TEXT = /^'(?:[^'\\]|\\.|'')*'$/;
const SECONDS = /^\d{1,6}$/;

/** What of a session may be set, and to what. https://docs.snowflake.com/en/sql-reference/parameters */
const PARAMETERS = {
  TIMEZONE: /^'UTC'$/,
  QUOTED_IDENTIFIERS_IGNORE_CASE: /^FALSE$/,
  ABORT_DETACHED_QUERY: /^TRUE$/,
  TRANSACTION_ABORT_ON_ERROR: /^TRUE$/,
  ERROR_ON_NONDETERMINISTIC_MERGE: /^TRUE$/,
  AUTOCOMMIT: /^TRUE$/,
  STATEMENT_TIMEOUT_IN_SECONDS: SECONDS,
  LOCK_TIMEOUT: SECONDS,
  TIMESTAMP_NTZ_OUTPUT_FORMAT: TEXT,
  TIMESTAMP_LTZ_OUTPUT_FORMAT: TEXT,
  TIMESTAMP_TZ_OUTPUT_FORMAT: TEXT,
  BINARY_OUTPUT_FORMAT: /^'HEX'$/,
  QUERY_TAG: /^'(?:[^'\\]|\\.|''){0,2000}'$/,
};

function alterSession(session: StandInSession, text: string): Rowset {
  // Only between settings: a comma within a text stays.
  const list = mapOutsideQuotes(text.replace(/^ALTER SESSION SET /, ''), (part) => part.replaceAll(',', ' '));
  for (const [name, value] of Object.entries(readOptions(list, PARAMETERS))) session.settings.set(name, value);
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
