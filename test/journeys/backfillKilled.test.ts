import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Client } from 'pg';
import { expect, inject, test } from 'vitest';
import { openLedger } from '../../src/shared/ledger/open.js';
import { freshDatabase } from '../support/databases.js';
import { freshFolder } from '../support/folders.js';
import { sluice } from '../support/sluice.js';

const FILES = 2400;
const bin = fileURLToPath(new URL('../../bin/sluice.mjs', import.meta.url));

async function query(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

const countOf = async (url: string) => {
  const rows = await query(url, 'select count(*)::int as count from sluice.objects').catch(() => []);
  return Number(rows[0]?.['count'] ?? 0);
};

/** Makes whoever records an object of the fourth day wait; `reached` resolves when somebody does, `open` sends them away. */
async function barrier(url: string) {
  const ledger = await openLedger({ url });
  await ledger.migrate();
  await ledger.close();
  const client = new Client({ connectionString: url });
  await client.connect();
  await client.query(`
    select pg_advisory_lock(424242);
    create function public.wait() returns trigger language plpgsql as $$ begin perform pg_advisory_lock(424242); return new; end $$;
    create trigger wait before insert on sluice.objects for each row when (new.partition like '%day=3%') execute function public.wait()`);
  const waiting = `from pg_stat_activity where datname = current_database() and wait_event = 'advisory'`;
  return {
    reached: async () => {
      while ((await client.query(`select ${waiting}`)).rowCount === 0) await delay(20);
    },
    open: async () => {
      await client.query(`select pg_terminate_backend(pid, 60000) ${waiting}`);
      await client.query('drop trigger wait on sluice.objects');
      await client.end();
    },
  };
}

/** A configuration over the folder's files, with a ledger of its own. */
async function configIn(folder: string, lake: string): Promise<{ ledgerUrl: string }> {
  const ledgerUrl = await freshDatabase();
  const text = `
version: 1
lake: { url: "file://${lake}" }
redis: { url: "${inject('redisUrl')}" }
ledger: { url: "${ledgerUrl}" }
datasets: { orders: { source: { prefix: raw/orders/ }, partition: hive } }
`;
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'sluice.yaml'), text);
  return { ledgerUrl };
}

test('sluice backfill, killed half-way and started again, ends in the same ledger as one that was not', async () => {
  const folder = await freshFolder();
  const lake = join(folder, 'lake');
  for (let day = 0; day < 6; day += 1) {
    const place = join(lake, `raw/orders/day=${day}`);
    await mkdir(place, { recursive: true });
    await Promise.all(
      Array.from({ length: FILES / 6 }, (_, file) => writeFile(join(place, `${file}.csv`), `id\n${file}\n`)),
    );
  }
  const [cut, whole] = [join(folder, 'cut'), join(folder, 'whole')];
  const [cutLedger, wholeLedger] = [(await configIn(cut, lake)).ledgerUrl, (await configIn(whole, lake)).ledgerUrl];
  const args = ['backfill', 'orders', '--json'];
  expect(await sluice(args, { cwd: whole })).toMatchObject({ status: 0 });

  const halfWay = await barrier(cutLedger);
  const child = spawn(process.execPath, [bin, ...args], { cwd: cut, stdio: 'ignore' });
  const ended = once(child, 'exit');
  await halfWay.reached();
  child.kill('SIGKILL');
  await ended;
  await halfWay.open();
  const recorded = await countOf(cutLedger);
  expect([recorded > 0, recorded < FILES]).toEqual([true, true]);

  const again = await sluice(args, { cwd: cut });
  expect(again.status).toBe(0);
  expect(JSON.parse(again.stdout)).toMatchObject({ dataset: 'orders', found: FILES, ignored: 0 });
  const objects = 'select object_id, dataset, partition, key, e_tag, size::int, state from sluice.objects order by 1';
  expect(await query(cutLedger, objects)).toEqual(await query(wholeLedger, objects));
  expect(await countOf(cutLedger)).toBe(FILES);
  expect(await query(cutLedger, 'select * from sluice.listings')).toEqual([]);
});
