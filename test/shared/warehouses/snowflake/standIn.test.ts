import { createRequire } from 'node:module';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { openSession, type Session } from '../../../../src/shared/warehouses/snowflake/client.js';
import type { Statement } from '../../../../src/shared/warehouses/snowflake/sql/statement.js';
import { parseStatement } from '../../../support/snowflake/grammar.js';
import type { StandIn, StandInOptions } from '../../../support/snowflake/server.js';
import { startSnowflake } from '../../../support/snowflake/server.js';
import { KEYS, reach } from '../../../support/snowflake/warehouse.js';
import { EVERY } from './everyStatement.js';

/** What is used here of the driver itself. */
interface Driver {
  configure(options: object): void;
  createConnection(options: object): {
    connect(done: (error: { code?: unknown; sqlState?: unknown } | undefined) => void): void;
    execute(options: object): void;
    getResultsFromQueryId(options: object): Promise<unknown>;
    destroy(done: () => void): void;
  };
}
const driver: Driver = createRequire(import.meta.url)('snowflake-sdk');
driver.configure({ logLevel: 'OFF', additionalLogToConsole: false });

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const start = async (options: StandInOptions = {}): Promise<StandIn> => {
  const standIn = await startSnowflake({ publicKeys: { LOADER: KEYS.publicKey }, ...options });
  closers.push(() => standIn.close());
  return standIn;
};
const login = (standIn: StandIn, password: string) => {
  const connection = driver.createConnection({
    account: 'acme-eu',
    accessUrl: standIn.url,
    username: 'PERSON',
    password,
    sfRetryMaxLoginRetries: 1,
  });
  closers.push(() => new Promise<void>((resolve) => connection.destroy(() => resolve())));
  return new Promise<typeof connection>((resolve, reject) =>
    connection.connect((error) => (error ? reject(error) : resolve(connection))),
  );
};
const open = async (standIn: StandIn) => {
  const session = await openSession({ ...reach(standIn), connectMs: 10_000 });
  closers.push(() => session.close());
  const run = async (text: string, binds?: Statement['binds']) =>
    (await session.run({ text, ...(binds === undefined ? {} : { binds }) }, { ms: 30_000, doing: 'the test' })).rows;
  return { session, run };
};
const refusal = (session: Session, text: string) =>
  session.run({ text }, { ms: 30_000, doing: 'the test' }).then(
    () => undefined,
    (error: { facts: { snowflakeCode?: string } }) => error.facts.snowflakeCode,
  );

describe('the stand-in speaks the protocol of the driver', () => {
  it('lets a person in by password, and nobody by a wrong one', async () => {
    const standIn = await start({ passwords: { PERSON: 'right' } });
    await login(standIn, 'right');
    expect(standIn.logins.at(-1)).toMatchObject({ LOGIN_NAME: 'PERSON' });
    await expect(login(standIn, 'wrong')).rejects.toMatchObject({ code: '390100' });
  });

  it('answers a query that is asked for later, by its id', async () => {
    const connection = await login(await start({ passwords: { PERSON: 'right' } }), 'right');
    const queryId = await new Promise<string>((resolve, reject) =>
      connection.execute({
        sqlText: 'SELECT 41 + ? AS "N"',
        binds: [1],
        asyncExec: true,
        complete: (error: unknown, statement: { getQueryId(): string }) =>
          error ? reject(error) : resolve(statement.getQueryId()),
      }),
    );
    const rows = await new Promise((resolve, reject) => {
      const complete = (error: unknown, _statement: unknown, answer: unknown) =>
        error ? reject(error) : resolve(answer);
      void connection.getResultsFromQueryId({ queryId, complete }).catch(reject);
    });
    expect(rows).toEqual([{ N: 42 }]);
  });

  it('takes binds of texts, numbers and NULL as they are', async () => {
    const { run } = await open(await start());
    const odd = `it's "q" \\ ? żółć`;
    expect(await run('SELECT ? AS a, ? AS b, ? AS c, ? AS d', [odd, 7, null, 0.5])).toEqual([[odd, '7', null, '0.5']]);
  });

  it('takes a file by PUT, byte by byte, in place of an older one, and gives it up by REMOVE', async () => {
    const standIn = await start();
    const folder = await mkdtemp(join(tmpdir(), 'sluice-put-'));
    closers.push(() => rm(folder, { recursive: true }));
    const { run } = await open(standIn);
    await run('CREATE SCHEMA IF NOT EXISTS "RAW"."_SLUICE"');
    const format =
      '(TYPE = PARQUET USE_LOGICAL_TYPE = TRUE USE_VECTORIZED_SCANNER = TRUE BINARY_AS_TEXT = FALSE TRIM_SPACE = FALSE NULL_IF = ())';
    await run(`CREATE STAGE IF NOT EXISTS "RAW"."_SLUICE"."FILES" FILE_FORMAT = ${format}`);
    for (const bytes of ['PAR1 first PAR1', 'PAR1 second PAR1']) {
      await writeFile(join(folder, 'a.parquet'), bytes);
      const put = `PUT 'file://${folder}/a.parquet' @"RAW"."_SLUICE"."FILES"/x/ AUTO_COMPRESS = FALSE OVERWRITE = TRUE PARALLEL = 8`;
      expect((await run(put))[0]).toContain('UPLOADED');
      expect(await readFile(join(standIn.account.folder, 'stages/RAW._SLUICE.FILES/x/a.parquet'), 'utf8')).toBe(bytes);
    }
    expect((await run('LIST @"RAW"."_SLUICE"."FILES"'))[0]?.[0]).toBe('files/x/a.parquet');
    await run('REMOVE @"RAW"."_SLUICE"."FILES"/x/');
    expect(await run('LIST @"RAW"."_SLUICE"."FILES"')).toEqual([]);
  });

  it('says what is wrong by code and SQLSTATE', async () => {
    const { session } = await open(await start());
    const fault = (text: string) => session.run({ text }, { ms: 30_000, doing: 'the test' });
    await expect(fault('DESCRIBE TABLE "RAW"."PUBLIC"."NONE"')).rejects.toMatchObject({
      code: 'TARGET_DENIED',
      facts: { snowflakeCode: '002003', sqlState: '02000' },
    });
    await expect(fault('SELEC 1')).rejects.toMatchObject({
      code: 'INTERNAL',
      facts: { snowflakeCode: '001003', sqlState: '42000' },
    });
  });
});

describe('the stand-in takes nothing that it does not know', () => {
  it('refuses every statement of Sluice with a word more, an option more, or another value', async () => {
    const { session } = await open(await start());
    const statements = [...new Set(EVERY.map(({ text }) => text.replaceAll('?', '1')))];
    const taken: string[] = [];
    for (const text of statements) {
      // A query is run by DuckDB, which knows what it knows: a word more may be a name.
      const changed = [`${text} FOO = TRUE`, `${text} FORCE`, text.replace(/ = TRUE| = FALSE/, ' = MAYBE')];
      for (const strange of changed.filter((one) => one !== text && !isQuery(one))) {
        if ((await refusal(session, strange)) === undefined) taken.push(strange);
      }
    }
    expect(taken).toEqual([]);
  });

  it.each([
    'ALTER SESSION SET USE_CACHED_RESULT = FALSE',
    `ALTER SESSION SET TIMEZONE = 'Europe/Berlin'`,
    'ALTER STAGE x RENAME TO y',
    'GRANT ALL ON ACCOUNT TO ROLE x',
    'COPY INTO x FROM @y PURGE = TRUE',
    'CREATE TABLE x (y NUMBER)',
    'TRUNCATE TABLE x',
    'ALTER TABLE x SWAP WITH y',
    'CREATE PIPE IF NOT EXISTS "RAW"."PUBLIC"."P" AUTO_INGEST = FALSE AS COPY INTO x FROM @y',
    'SELECT 1; SELECT 2',
    'BEGIN WORK',
    'CALL x()',
  ])('refuses %s', async (text) => {
    const { session } = await open(await start());
    expect(await refusal(session, text)).toBe('001003');
  });
});

function isQuery(text: string): boolean {
  const parsed = parseStatement(text);
  return 'kind' in parsed && ['select', 'insert', 'update', 'delete', 'merge', 'create_view'].includes(parsed.kind);
}

describe('the stand-in is READ COMMITTED, as Snowflake is', () => {
  const twoSessions = async () => {
    const standIn = await start();
    const [a, b] = [(await open(standIn)).run, (await open(standIn)).run];
    await a('CREATE TABLE IF NOT EXISTS "RAW"."PUBLIC"."T" ("N" NUMBER(38,0))');
    await a('INSERT INTO "RAW"."PUBLIC"."T" ("N") SELECT 1');
    return { a, b };
  };
  const sum = 'SELECT SUM("N"), COUNT(*) FROM "RAW"."PUBLIC"."T"';

  it('lets INSERTs pass each other, each unseen until it is committed, and seen by the next statement then', async () => {
    const { a, b } = await twoSessions();
    await a('BEGIN TRANSACTION');
    await b('BEGIN TRANSACTION');
    await a('INSERT INTO "RAW"."PUBLIC"."T" ("N") SELECT 10');
    await b('INSERT INTO "RAW"."PUBLIC"."T" ("N") SELECT SUM("N") + 100 FROM "RAW"."PUBLIC"."T"');
    expect([await a(sum), await b(sum)]).toEqual([[['11', '2']], [['102', '2']]]);
    await a('COMMIT');
    // Its own row stays what it was when it was written.
    expect(await b(sum)).toEqual([['112', '3']]);
    await b('ROLLBACK');
    expect(await b(sum)).toEqual([['11', '2']]);
  });

  it('lets an UPDATE wait for another one, and shows it what that committed', async () => {
    const { a, b } = await twoSessions();
    for (const run of [a, b]) await run('BEGIN TRANSACTION');
    expect(await b(sum)).toEqual([['1', '1']]);
    await a('UPDATE "RAW"."PUBLIC"."T" SET "N" = "N" + 1 WHERE 1 = 1');
    const waiting = b('UPDATE "RAW"."PUBLIC"."T" SET "N" = "N" * 10 WHERE 1 = 1');
    await a('INSERT INTO "RAW"."PUBLIC"."T" ("N") SELECT 5');
    await a('COMMIT');
    await waiting;
    expect(await b(sum)).toEqual([['70', '2']]);
    await b('COMMIT');
    expect(await a(sum)).toEqual([['70', '2']]);
  });

  it('ends a wait for a lock at LOCK_TIMEOUT, and the transaction with it', async () => {
    const { a, b } = await twoSessions();
    await b('ALTER SESSION SET LOCK_TIMEOUT = 1');
    for (const run of [a, b]) await run('BEGIN TRANSACTION');
    await a('DELETE FROM "RAW"."PUBLIC"."T"');
    await b('INSERT INTO "RAW"."PUBLIC"."T" ("N") SELECT 7');
    await expect(b('DELETE FROM "RAW"."PUBLIC"."T"')).rejects.toMatchObject({ code: 'TARGET_BUSY' });
    await a('ROLLBACK');
    expect(await b(sum)).toEqual([['1', '1']]);
  });
});
