import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client } from 'pg';
import { expect, inject, test } from 'vitest';
import { freshDatabase } from '../support/databases.js';
import { freshFolder } from '../support/folders.js';
import { sluice } from '../support/sluice.js';

const FILES = 6000;
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

/** Resolves when the ledger has that many objects; over one connection, to be in time. */
async function atLeast(url: string, count: number): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  const isThere = async () => {
    const found = await client.query('select count(*)::int as count from sluice.objects').catch(() => undefined);
    return Number(found?.rows[0]?.count ?? 0) >= count;
  };
  while (!(await isThere())) await new Promise((resolve) => setTimeout(resolve, 2));
  await client.end();
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

  const child = spawn(process.execPath, [bin, ...args], { cwd: cut, stdio: 'ignore' });
  const ended = once(child, 'exit');
  await atLeast(cutLedger, 1000);
  child.kill('SIGKILL');
  await ended;
  expect(await countOf(cutLedger)).toBeLessThan(FILES);

  const again = await sluice(args, { cwd: cut });
  expect(again.status).toBe(0);
  expect(JSON.parse(again.stdout)).toMatchObject({ dataset: 'orders', found: FILES, ignored: 0 });
  const objects = 'select object_id, dataset, partition, key, e_tag, size::int, state from sluice.objects order by 1';
  expect(await query(cutLedger, objects)).toEqual(await query(wholeLedger, objects));
  expect(await countOf(cutLedger)).toBe(FILES);
  expect(await query(cutLedger, 'select * from sluice.listings')).toEqual([]);
}, 180_000);
