import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { QUANTILES, type ColumnProfile } from '../../../src/shared/findings/reports.js';
import { profileSource } from '../../../src/workers/profile/profileSource.js';
import { describeSource } from '../../support/describeSource.js';
import { openPlainSession } from '../../support/plainSession.js';

const DATA = fileURLToPath(new URL('../../../node_modules/vega-datasets/data/', import.meta.url));

let session: Awaited<ReturnType<typeof openPlainSession>>;
beforeAll(async () => {
  session = await openPlainSession();
});
afterAll(() => session.close());

/** Rows of a real table, read without any engine: null where there is no value. */
interface Table {
  readonly source: string;
  readonly names: readonly string[];
  readonly rows: readonly (readonly (string | number | null)[])[];
}

function csvTable(name: string): Table {
  const path = join(DATA, name);
  const [head = '', ...lines] = readFileSync(path, 'utf8').trimEnd().split(/\r?\n/);
  const rows = lines.map((line) => line.split(',').map((cell) => (cell === '' ? null : cell)));
  return { source: `read_csv('${path}', nullstr = '')`, names: head.split(','), rows };
}

function jsonTable(name: string): Table {
  const path = join(DATA, name);
  const items: Record<string, string | number | null>[] = JSON.parse(readFileSync(path, 'utf8'));
  const names = Object.keys(items[0] ?? {});
  return {
    source: `read_json('${path}')`,
    names,
    rows: items.map((item) => names.map((column) => item[column] ?? null)),
  };
}

/** Everything about a column again, by sorting and counting in JavaScript. */
function compareColumn(found: ColumnProfile, values: readonly (string | number | null)[]): void {
  const numeric = /INT|DOUBLE|DECIMAL|FLOAT/.test(found.type);
  const there = values.filter((value) => value !== null).map((value) => (numeric ? Number(value) : String(value)));
  const sorted = there.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  const counts = new Map<string | number, number>();
  for (const value of there) counts.set(value, (counts.get(value) ?? 0) + 1);
  expect([found.nulls, found.distinct, found.distinctMethod]).toEqual([
    values.length - there.length,
    counts.size,
    'exact',
  ]);
  expect(found.nullFraction).toBe((values.length - there.length) / values.length);
  expect([found.min, found.max]).toEqual([sorted[0], sorted.at(-1)]);
  expect(Object.keys(found).toSorted()).toEqual(fieldsOf(found.type, numeric));
  if (/DOUBLE|FLOAT/.test(found.type)) expect([found.nan, found.infinite]).toEqual([0, 0]);
  if (found.quantiles !== undefined) expect(Object.keys(found.quantiles)).toEqual(Object.keys(QUANTILES));
  const top = [...counts.values()].toSorted((a, b) => b - a).slice(0, 10);
  expect(found.top?.map(({ rows }) => rows)).toEqual(top);
  for (const { value, rows } of found.top ?? []) expect(counts.get(numeric ? Number(value) : String(value))).toBe(rows);
  for (const [name, part] of Object.entries(found.quantiles ?? {})) {
    const value = numeric ? Number(part) : String(part);
    const wanted = QUANTILES[name as keyof typeof QUANTILES] * sorted.length;
    expect(sorted.filter((one) => one < value).length).toBeLessThanOrEqual(wanted);
    expect(sorted.filter((one) => one <= value).length).toBeGreaterThanOrEqual(Math.floor(wanted));
  }
  if (numeric) compareMoments(found, there.map(Number));
  if (found.type === 'VARCHAR') compareTexts(found, there.map(String), counts.size);
}

/** All that is told of a column with values: what is not compared below is not there. */
function fieldsOf(type: string, numeric: boolean): string[] {
  const always = ['name', 'type', 'nulls', 'nullFraction', 'distinct', 'distinctMethod', 'min', 'max', 'top'];
  if (type === 'VARCHAR') return [...always, 'lengths', 'patterns'].toSorted();
  const ranked = numeric || /DATE|TIMESTAMP/.test(type) ? ['quantiles'] : [];
  const floats = /DOUBLE|FLOAT/.test(type) ? ['nan', 'infinite'] : [];
  return [...always, ...ranked, ...floats, ...(numeric ? ['mean', 'stddev', 'histogram'] : [])].toSorted();
}

function compareMoments(found: ColumnProfile, numbers: readonly number[]): void {
  const mean = numbers.reduce((sum, value) => sum + value, 0) / numbers.length;
  const squares = numbers.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const scale = Math.max(1, Math.abs(mean));
  expect(Number(found.mean) / scale).toBeCloseTo(mean / scale, 9);
  expect(Number(found.stddev) / scale).toBeCloseTo(Math.sqrt(squares / (numbers.length - 1)) / scale, 9);
  expect(found.histogram?.reduce((sum, bar) => sum + bar.rows, 0)).toBe(numbers.length);
  const bars = found.histogram ?? [];
  const [least, greatest] = [Number(found.min), Number(found.max)];
  expect([bars.length, bars[0]?.from, bars.at(-1)?.to]).toEqual([20, least, greatest]);
  for (const [at, { from, to, rows }] of bars.entries()) {
    expect(to).toBeCloseTo(least + ((greatest - least) * (at + 1)) / 20, 6);
    if (at > 0) expect(from).toBe(bars[at - 1]?.to);
    expect(rows).toBe(numbers.filter((value) => (at === 0 || value > from) && value <= to).length);
  }
}

function compareTexts(found: ColumnProfile, texts: readonly string[], distinct: number): void {
  const lengths = texts.map((text) => [...text].length);
  const mean = lengths.reduce((sum, length) => sum + length, 0) / texts.length;
  expect(found.lengths).toEqual({
    min: Math.min(...lengths),
    max: Math.max(...lengths),
    mean: expect.closeTo(mean, 9),
  });
  expect(found.patterns?.values).toBe(Math.min(distinct, 2000));
  if (distinct > 2000) return;
  const masks = new Map<string, number>();
  for (const text of texts) {
    const mask = [...text]
      .slice(0, 60)
      .join('')
      .replaceAll(/[a-z]/g, 'a')
      .replaceAll(/[A-Z]/g, 'A')
      .replaceAll(/[0-9]/g, '9');
    masks.set(mask, (masks.get(mask) ?? 0) + 1);
  }
  expect(found.patterns?.rows).toBe(texts.length);
  expect(found.patterns?.format).toBe(texts.every((text) => /^[+-]?[0-9]{1,18}$/.test(text)) ? 'integer' : undefined);
  expect(found.patterns?.top.map(({ rows }) => rows)).toEqual(
    [...masks.values()].toSorted((a, b) => b - a).slice(0, 5),
  );
  for (const { pattern, rows } of found.patterns?.top ?? []) expect(masks.get(pattern)).toBe(rows);
}

test.each([
  ['10,000 bird strikes', () => csvTable('birdstrikes.csv')],
  ['ten years of employment', () => csvTable('us-employment.csv')],
  ['344 penguins with gaps', () => jsonTable('penguins.json')],
])('the profile of %s equals sorting and counting its rows in JavaScript', async (_what, open) => {
  const { source, names, rows } = open();
  const report = await profileSource({ session, source, columns: await describeSource(session, source) });
  expect([report.rows, report.sample]).toEqual([rows.length, undefined]);
  expect(report.columns.map(({ name }) => name)).toEqual(names);
  for (const [at, column] of report.columns.entries())
    compareColumn(
      column,
      rows.map((row) => row[at] ?? null),
    );
});
