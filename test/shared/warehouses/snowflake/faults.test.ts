import { generateKeyPairSync } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { EngineSession } from '../../../../src/shared/engine/port.js';
import { openSession } from '../../../../src/shared/warehouses/snowflake/client.js';
import { openSnowflakeWarehouse } from '../../../../src/shared/warehouses/snowflake/openSnowflakeWarehouse.js';
import { ordersLoad, openTestSession, testObject } from '../../../support/loadRequests.js';
import type { Mishap, StandIn, StandInOptions } from '../../../support/snowflake/server.js';
import { KEYS, openOn, reach, startAccount, withArtifacts } from '../../../support/snowflake/warehouse.js';

let session: EngineSession;
let closeEngine: () => Promise<void>;
const standIns: StandIn[] = [];
beforeAll(async () => void ({ session, close: closeEngine } = await openTestSession()));
afterAll(() => closeEngine());
afterEach(async () => void (await Promise.all(standIns.splice(0).map((one) => one.close()))));

const start = async (options: StandInOptions = {}) => {
  const account = await startAccount(options);
  standIns.push(account.standIn);
  return account;
};

/** A mishap at the first statements that begin so. */
const at = (begins: RegExp, mishap: Mishap, times = 1) => {
  let left = times;
  return (sql: string | undefined) => {
    if (sql === undefined || !begins.test(sql) || left === 0) return undefined;
    left -= 1;
    return mishap;
  };
};

const rowsIn = async (standIn: StandIn, lake: string) =>
  Number((await openOn({ standIn, lake }).ask('SELECT count(*) FROM orders')).rows[0]?.[0]);

describe('a load into Snowflake', () => {
  it('goes on when the session expires in its midst', async () => {
    const account = await start({ mishap: at(/^COPY/, { kind: 'expire' }) });
    expect(await openOn(account).load(ordersLoad(session, { a: 3 }))).toMatchObject({ kind: 'loaded', rows: 3 });
    expect(await rowsIn(account.standIn, account.lake)).toBe(3);
  });

  it.each([/^MERGE/, /^COPY/, /^INSERT INTO "RAW"."PUBLIC"/, /^COMMIT/])(
    'has every row once after two answers of 503 at %s',
    async (begins) => {
      const account = await start({ mishap: at(begins, { kind: 'status', status: 503 }, 2) });
      expect(await openOn(account).load(ordersLoad(session, { a: 3 }))).toMatchObject({ kind: 'loaded', rows: 3 });
      expect(await rowsIn(account.standIn, account.lake)).toBe(3);
    },
  );

  it('gives up a storm of 503 at its own deadline, and lands once when it is over', async () => {
    let storm = true;
    const account = await start({ mishap: () => (storm ? { kind: 'status', status: 503 } : undefined) });
    const request = await withArtifacts(ordersLoad(session, { a: 3 }), account.lake);
    const bounds = { connectMs: 700, statementMs: 700, rowsMs: 700 };
    await expect(openOn(account, { bounds }).load(request)).rejects.toMatchObject({ code: 'TARGET_AWAY' });
    storm = false;
    expect(await openOn(account).load({ ...request, attempt: 2 })).toMatchObject({ kind: 'loaded', rows: 3 });
    expect(await rowsIn(account.standIn, account.lake)).toBe(3);
  });

  it('finds the load in the books when the answer to the commit was lost', async () => {
    const lost: { standIn?: StandIn } = {};
    const account = await start({
      mishap: (sql) => {
        if (sql !== 'COMMIT' || lost.standIn === undefined) return undefined;
        const { cut } = lost.standIn;
        delete lost.standIn;
        // The commit is done, then the line and the session are gone.
        return { kind: 'drop', first: cut };
      },
    });
    lost.standIn = account.standIn;
    const request = ordersLoad(session, { a: 3 });
    const first = await openOn(account)
      .load(request)
      .then(
        ({ kind }) => kind,
        ({ code }: { code: string }) => code,
      );
    expect(['loaded', 'TARGET_AWAY']).toContain(first);
    expect(await openOn(account).load({ ...request, attempt: 2 })).toMatchObject({ kind: 'already', rows: 3 });
    expect(await rowsIn(account.standIn, account.lake)).toBe(3);
  });

  it('loads nothing of a batch with one bad file, and says which without a value', async () => {
    const account = await start();
    const good = await withArtifacts(ordersLoad(session, { a: 3 }), account.lake);
    const bad = { ...good.artifacts[0]!, key: 'curated/bad.parquet', file: `${account.lake}/bad.parquet`, rows: 1 };
    await writeFile(bad.file, 'PAR1 secret value PAR1');
    const load = openOn(account).load({ ...good, artifacts: [...good.artifacts, bad] });
    await expect(load).rejects.toMatchObject({
      code: 'TARGET_REFUSED',
      message: expect.stringContaining('a Parquet file that cannot be read (100183'),
    });
    await expect(load).rejects.not.toMatchObject({ message: expect.stringContaining('secret') });
    expect(await rowsIn(account.standIn, account.lake)).toBe(0);
    expect([...account.standIn.account.tables.keys()].filter((name) => name.includes('.STG_'))).toEqual([]);
  });

  it('ends at its deadline when a statement takes too long, and says so', async () => {
    const account = await start({ mishap: at(/^COPY/, { kind: 'delay', ms: 5_000 }) });
    const load = openOn(account, { bounds: { rowsMs: 400 } }).load(ordersLoad(session, { a: 3 }));
    await expect(load).rejects.toMatchObject({
      code: 'TARGET_AWAY',
      message: expect.stringContaining('to end in 400 ms'),
    });
  });

  it('waits for a statement that outlives one answer', async () => {
    const account = await start({
      answerWithinMs: 100,
      mishap: at(/^COPY/, { kind: 'delay', ms: 700 }),
    });
    expect(await openOn(account).load(ordersLoad(session, { a: 3 }))).toMatchObject({ kind: 'loaded', rows: 3 });
  });

  it.each([
    ['000606', '57P03', 'TARGET_AWAY', 'No active warehouse selected in the current session.'],
    ['090073', '22000', 'TARGET_AWAY', 'Warehouse cannot be resumed because resource monitor has exceeded its quota.'],
    ['000630', '57014', 'TARGET_BUSY', 'Statement reached its statement or warehouse timeout.'],
    ['003001', '42501', 'TARGET_DENIED', 'Insufficient privileges to operate on schema.'],
    ['100078', '22000', 'TARGET_REFUSED', `String 'secret value' is too long and would be truncated`],
  ])('says %s (SQLSTATE %s) as %s, keeps nothing, and can begin again', async (code, sqlState, expected, message) => {
    const account = await start({
      mishap: at(/^INSERT INTO "RAW"."PUBLIC"/, { kind: 'fault', code, sqlState, message }),
    });
    const request = ordersLoad(session, { a: 3 });
    const error: unknown = await openOn(account)
      .load(request)
      .catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: expected, facts: { snowflakeCode: code, sqlState } });
    expect(String(error)).not.toContain('secret');
    expect(await rowsIn(account.standIn, account.lake)).toBe(0);
    expect(await openOn(account).load({ ...request, attempt: 2 })).toMatchObject({ kind: 'loaded', rows: 3 });
  });

  it('sweeps what loads left that were cut off, once it is two days old', async () => {
    const account = await start();
    const { standIn } = account;
    const cutOff = openOn(account, {
      onPhase: async (phase) => {
        if (phase === 'copied') await standIn.cut();
      },
    });
    await expect(cutOff.load(ordersLoad(session, { a: 3 }))).rejects.toMatchObject({ code: 'TARGET_AWAY' });
    const left = async () => ({
      tables: [...standIn.account.tables.keys()].filter((name) => name.includes('STG_')).length,
      files: (await openOn(account).ask('LIST @"RAW"."_SLUICE"."FILES"')).rows.length,
    });
    expect(await left()).toEqual({ tables: 1, files: 1 });
    await openOn(account).load(ordersLoad(session, { b: 1 }));
    expect(await left()).toEqual({ tables: 1, files: 1 });
    const later = Date.now() + 3 * 24 * 3_600_000;
    await openOn(account, { now: () => later }).load(ordersLoad(session, { c: 1 }));
    expect(await left()).toEqual({ tables: 0, files: 0 });
  });

  it('leaves no staging table and no staged file behind', async () => {
    const account = await start();
    const warehouse = openOn(account);
    await warehouse.load(ordersLoad(session, { a: 3 }));
    expect([...account.standIn.account.tables.keys()].filter((name) => name.includes('STG_'))).toEqual([]);
    expect((await warehouse.ask('LIST @"RAW"."_SLUICE"."FILES"')).rows).toEqual([]);
    expect(await warehouse.presentRows('orders', [testObject('a')])).toHaveLength(1);
  });
});

describe('a session of Snowflake', () => {
  const connect = (standIn: StandIn, change: object = {}) => ({ ...reach(standIn), connectMs: 30_000, ...change });

  it('logs in by a key pair and by OAuth, and is refused otherwise', async () => {
    const { standIn } = await start({ tokens: ['good-token'] });
    const oauth = (token: string) => ({ auth: () => ({ kind: 'oauth', token }) });
    for (const change of [{}, oauth('good-token')]) {
      const opened = await openSession(connect(standIn, change));
      const answer = await opened.run({ text: 'SELECT 1 AS one' }, { ms: 30_000, doing: 'the query' });
      expect(answer.rows).toEqual([['1']]);
      await opened.close();
    }
    const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({
      type: 'pkcs8',
      format: 'pem',
    });
    const wrong = { auth: () => ({ kind: 'keyPair', privateKey: String(stranger) }) };
    for (const change of [wrong, oauth('bad-token')]) {
      await expect(openSession(connect(standIn, change))).rejects.toMatchObject({ code: 'TARGET_DENIED' });
    }
    expect(standIn.logins.every((login) => login['AUTHENTICATOR'] !== 'SNOWFLAKE')).toBe(true);
  });

  it('says that nobody is there when the connection is refused, within its deadline', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = address !== null && typeof address === 'object' ? address.port : 0;
    await new Promise((resolve) => server.close(resolve));
    const warehouse = openSnowflakeWarehouse({
      name: 'snow',
      connect: {
        account: 'acme-eu',
        accessUrl: `http://127.0.0.1:${port}`,
        user: 'LOADER',
        auth: () => ({ kind: 'keyPair', privateKey: KEYS.privateKey }),
        database: 'RAW',
        schema: 'PUBLIC',
      },
      stage: { kind: 'internal' },
      bounds: { connectMs: 1_500 },
    });
    await expect(warehouse.ask('SELECT 1')).rejects.toMatchObject({ code: 'TARGET_AWAY' });
  });

  it('tags its queries with who pays, reads times as UTC and ends what its worker left', async () => {
    const account = await start();
    await openOn(account, { queryTag: { team: `it's "data"` } }).ask('SELECT 1');
    const [settings] = account.standIn.statements;
    expect(settings).toContain(`QUERY_TAG = '{"team":"it''s \\\\"data\\\\"","app":"sluice","target":"snow"}'`);
    expect(settings).toMatch(/TIMEZONE = 'UTC'.*ABORT_DETACHED_QUERY = TRUE.*TRANSACTION_ABORT_ON_ERROR = TRUE/);
  });

  it('is told that a statement is not known rather than that it was done', async () => {
    const account = await start();
    const warehouse = openOn(account);
    for (const text of [
      'ALTER STAGE x RENAME TO y',
      'GRANT ALL ON ACCOUNT TO ROLE x',
      'COPY INTO x FROM @y PURGE = TRUE',
    ]) {
      await expect(warehouse.ask(text)).rejects.toMatchObject({ facts: { snowflakeCode: '001003' } });
    }
  });
});
