import { afterAll, beforeAll, expect, test } from 'vitest';
import { runWide } from '../../../src/workers/compact/wide.js';
import { type Bench, openBench } from './support.js';

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(async () => {
  await bench.close();
});

const left = async () => (await bench.session.query("SELECT current_setting('disabled_optimizers') AS s"))[0]?.['s'];

test('statements over very many columns are planned without the search for what comes twice, others with it', async () => {
  expect(await runWide(bench.session, 199, left)).toBe('');
  expect(await runWide(bench.session, 200, left)).toBe('common_subexpressions');
  expect(await left()).toBe('');
  await expect(runWide(bench.session, 200, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(await left()).toBe('');
});

test('a CSV of very many columns becomes the same rows', async () => {
  const names = Array.from({ length: 220 }, (_, at) => `c${at}`);
  const row = (at: number) => names.map((_, column) => (column % 2 === 0 ? at * column : `t${at % 7}`)).join(',');
  const text = `${names.join(',')}\n${[0, 1, 2].map((at) => `${row(at)}\n`).join('')}`;
  const result = await bench.compact([['wide.csv', text]]);
  expect(result.byName).toEqual({ 'wide.csv': '3 rows' });
  const rows = await result.rowsOut(names.join(', '));
  expect(rows.map((found) => names.map((name) => String(found[name])).join(',')).sort()).toEqual(
    [0, 1, 2].map(row).sort(),
  );
});
