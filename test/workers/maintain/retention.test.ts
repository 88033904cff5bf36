import { mkdir, readdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { newBatchId, type BatchId } from '../../../src/shared/ids.js';
import { openStore } from '../../../src/shared/stores/open.js';
import { sweepOrphans, sweepScratch } from '../../../src/workers/maintain/retention.js';
import { freshFolder } from '../../support/folders.js';

const DAY = 24 * 60 * 60 * 1000;
const NOW = Date.now();
const days = (count: number) => new Date(NOW - count * DAY);
const signal = new AbortController().signal;

test('artifacts of lost attempts are deleted after a day; nothing else ever is', async () => {
  const folder = await freshFolder();
  const [done, open, foreign] = [newBatchId(NOW), newBatchId(NOW + 1), newBatchId(NOW + 2)];
  const files: readonly (readonly [string, number])[] = [
    [`${done}-3-0.parquet`, 9],
    [`day=1/${done}-1-0.parquet`, 2],
    [`${done}-2.2-1.parquet`, 2],
    [`${done}-2-0.parquet`, 0.5],
    [`${open}-1-0.parquet`, 9],
    [`${foreign}-1-0.parquet`, 9],
    ['by-hand.parquet', 9],
    [`${done}-1-0.parquet.bak`, 9],
  ];
  for (const [name, age] of files) {
    const path = join(folder, 'curated', 'orders', name);
    await mkdir(join(path, '..'), { recursive: true });
    await writeFile(path, name);
    await utimes(path, days(age), days(age));
  }
  const { store: lake } = openStore(`file://${folder}`, { region: 'x' });
  const known = new Map<BatchId, ReadonlySet<string> | undefined>([
    [done, new Set([`curated/orders/${done}-3-0.parquet`])],
    [open, undefined],
  ]);
  const ledger = { artifacts: async () => known };
  const sweep = () => sweepOrphans({ lake, ledger, prefix: 'curated/orders/', nowMs: NOW, signal });
  expect(await sweep()).toEqual({ seen: 8, deleted: 2, unknown: 1 });
  expect(await sweep()).toEqual({ seen: 6, deleted: 0, unknown: 1 });
  const gone = new Set([`${done}-1-0.parquet`, `${done}-2.2-1.parquet`]);
  const left = await readdir(join(folder, 'curated', 'orders'), { recursive: true });
  expect(left.filter((name) => gone.has(name.replace('day=1/', '')))).toEqual([]);
});

test('scratch of workers that run no more is removed after a day', async () => {
  const folder = await freshFolder();
  const own = 'sluice-99999991-aaaaaaaa';
  const ages: readonly (readonly [string, number])[] = [
    [own, 9],
    ['sluice-99999992-bbbbbbbb', 2],
    ['sluice-99999993-cccccccc', 0.5],
    [`sluice-${process.pid}-dddddddd`, 9],
    ['somebody-else', 9],
  ];
  for (const [name, age] of ages) {
    await mkdir(join(folder, name));
    await writeFile(join(folder, name, 'file'), 'x');
    await utimes(join(folder, name), days(age), days(age));
  }
  expect(await sweepScratch(join(folder, own), NOW)).toBe(1);
  expect((await readdir(folder)).sort()).toEqual(
    ages
      .map(([name]) => name)
      .filter((name) => !name.includes('bbbb'))
      .sort(),
  );
});
