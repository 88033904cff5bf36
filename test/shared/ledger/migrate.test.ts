import { Pool } from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { openPool } from '../../../src/shared/postgres/pool.js';
import { ledgerDatabase } from '../../../src/shared/ledger/database.js';
import { migrate } from '../../../src/shared/ledger/migrate.js';
import { MIGRATIONS } from '../../../src/shared/ledger/migrations/index.js';
import { openLedger } from '../../../src/shared/ledger/open.js';
import { freshDatabase } from '../../support/databases.js';
import { arrivals, freshLedger } from './support.js';

test('several processes may migrate an empty ledger at once, and again later', async () => {
  const url = await freshDatabase();
  const ledgers = await Promise.all([1, 2, 3, 4].map(() => openLedger({ url })));
  onTestFinished(async () => void (await Promise.all(ledgers.map((ledger) => ledger.close()))));
  await Promise.all(ledgers.map((ledger) => ledger.migrate()));
  await ledgers[0]!.objects.record(arrivals(2));
  await Promise.all(ledgers.map((ledger) => ledger.migrate()));
  expect(await ledgers[1]!.objects.counts()).toMatchObject([{ objects: 2 }]);
  const sql = new Pool({ connectionString: url });
  // `end` does not wait for its connections: the database may be dropped under them.
  sql.on('error', () => {});
  onTestFinished(() => sql.end());
  const { rows } = await sql.query('SELECT id, name, length(checksum) AS checksum FROM sluice.migrations ORDER BY id');
  expect(rows).toEqual(MIGRATIONS.map(({ id, name }) => ({ id, name, checksum: 64 })));
});

test('a migration whose text changed after it was applied is refused; one of a newer version is left alone', async () => {
  const { url } = await freshLedger();
  const pool = openPool({ url, max: 1, applicationName: 'test' });
  onTestFinished(() => pool.end());
  const database = ledgerDatabase(pool);
  const changed = MIGRATIONS.map((one) => (one.id === 2 ? { ...one, sql: `${one.sql} ` } : one));
  await expect(migrate(database, changed)).rejects.toMatchObject({
    code: 'INTERNAL',
    message: expect.stringContaining('migration 2'),
  });
  await migrate(database, [...MIGRATIONS, { id: 900, name: 'newer', sql: 'CREATE TABLE sluice.newer (x int)' }]);
  await migrate(database);
});

test('a migration that fails leaves nothing behind', async () => {
  const url = await freshDatabase();
  const pool = openPool({ url, max: 1, applicationName: 'test' });
  onTestFinished(() => pool.end());
  await expect(
    migrate(ledgerDatabase(pool), [...MIGRATIONS, { id: 900, name: 'bad', sql: 'CREATE TABLE sluice.x (y nothing)' }]),
  ).rejects.toMatchObject({ code: 'INTERNAL' });
  expect((await pool.query(`SELECT nspname FROM pg_namespace WHERE nspname = 'sluice'`)).rows).toEqual([]);
});

test('a ledger that is away says so, when it is opened and later', async () => {
  await expect(openLedger({ url: 'postgres://nobody@127.0.0.1:1/none' })).rejects.toMatchObject({
    code: 'LEDGER_AWAY',
  });
  const { ledger, sql, url } = await freshLedger();
  const name = new URL(url).pathname.slice(1);
  const missing = new URL(url);
  missing.pathname = '/missing';
  await expect(openLedger({ url: missing.href })).rejects.toMatchObject({
    code: 'LEDGER_AWAY',
    message: expect.stringContaining('missing'),
  });
  const asleep = openPool({ url, max: 1, applicationName: 'test' });
  onTestFinished(() => asleep.end());
  const slow = ledgerDatabase(asleep).transaction(async (tx) => {
    await tx.rows('SELECT pg_sleep(30)');
  });
  // It may be ended before the line that expects it is reached.
  slow.catch(() => {});
  await expect
    .poll(
      async () =>
        (
          await sql.query(
            `SELECT count(pg_terminate_backend(pid))::int AS ended FROM pg_stat_activity WHERE datname = $1 AND query LIKE '%pg_sleep(30)%' AND pid <> pg_backend_pid()`,
            [name],
          )
        ).rows[0].ended,
    )
    .toBe(1);
  await expect(slow).rejects.toMatchObject({ code: 'LEDGER_AWAY' });
  await sql.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND application_name = 'sluice'`,
    [name],
  );
  await expect.poll(() => ledger.objects.counts().catch((error: unknown) => error)).toEqual([]);
});

test('a broken rule of the tables is a fault of ours, with its cause', async () => {
  const { url } = await freshLedger();
  const pool = openPool({ url, max: 1, applicationName: 'test' });
  onTestFinished(() => pool.end());
  await expect(ledgerDatabase(pool).rows('SELECT 1 / 0')).rejects.toMatchObject({
    code: 'INTERNAL',
    message: 'the ledger refused a statement: division by zero',
  });
});

test('the tables refuse a state that moves back', async () => {
  const { ledger, sql } = await freshLedger();
  await ledger.objects.record(arrivals(1));
  await sql.query(`UPDATE sluice.objects SET state = 'judged', due_at = NULL`);
  for (const change of [`state = 'compacted'`, `state = 'arrived', due_at = now(), releases = 1`]) {
    await expect(sql.query(`UPDATE sluice.objects SET ${change}`)).rejects.toThrow('to move forward');
  }
  await sql.query(`UPDATE sluice.objects SET state = 'loaded'`);
  for (const state of ['quarantined', 'ignored', 'judged']) {
    await expect(sql.query(`UPDATE sluice.objects SET state = $1`, [state])).rejects.toThrow('to move forward');
  }
  await sql.query(`UPDATE sluice.objects SET state = 'superseded'`);
});
