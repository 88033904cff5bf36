import { readFileSync, readdirSync } from 'node:fs';
import { copyFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RowTexts, readParquetAlone, rowText } from '../../support/secondReader.js';
import { sluice } from '../../support/sluice.js';
import { type Bench, openBench } from './support.js';

const corpus = join(import.meta.dirname, '../../corpus/hostile');
const files = ['parquet/data', 'parquet/bad_data', 'csv-spectrum/csvs']
  .flatMap((folder) => readdirSync(join(corpus, folder)).map((name) => `${folder}/${name}`))
  .filter((name) => /\.(parquet|csv)$/.test(name));
const expected: Readonly<Record<string, string>> = JSON.parse(readFileSync(join(corpus, 'expected.json'), 'utf8'));

// docs/hostile-files.md explains each of these
const SHOWN_OTHERWISE = ['parquet/data/repeated_primitive_no_list.parquet'];
const REFUSED_ALTHOUGH_READ = [
  'parquet/data/datapage_v1-corrupt-checksum.parquet',
  'parquet/data/rle-dict-uncompressed-corrupt-checksum.parquet',
  'parquet/data/repeated_no_annotation.parquet',
  'parquet/data/int96_from_spark.parquet',
];
/** The second reader rejects promises that nobody can catch. */
const UNREADABLE_ALONE = ['parquet/bad_data/ARROW-GH-41317.parquet', 'parquet/bad_data/ARROW-GH-41321.parquet'];
/** Its expected values are those of another file; and one whose line ends were lost. */
const VALUES_OF_OTHERS = ['csv-spectrum/csvs/location_coordinates.csv', 'csv-spectrum/csvs/newlines_crlf.csv'];
/** Two texts of a gigabyte: it takes most of a minute. */
const GIANT = 'parquet/data/large_string_map.brotli.parquet';

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(async () => {
  await bench.close();
});

/** What Sluice makes of the file alone, and the rows of its artifact as the second reader sees them. */
async function compactAlone(name: string): Promise<{ verdict: string; rows: RowTexts }> {
  const content = await readFile(join(corpus, name));
  const done = await bench.compact([[name, content]], { compression: 'snappy', provenance: false });
  const rows = await Promise.all(done.artifacts.map(({ path }) => readParquetAlone(path)));
  return { verdict: done.byName[name] ?? 'nothing', rows: rows.flat().toSorted() };
}

async function bareRows(name: string): Promise<number | undefined> {
  const file = join(bench.scratch, 'bare.parquet');
  await copyFile(join(corpus, name), file);
  const rows = await bench.session.query(`SELECT count(hash(t)) AS n FROM read_parquet('${file}') t`).catch(() => []);
  return rows[0] === undefined ? undefined : Number(rows[0].n);
}

test('the list of verdicts names every file of the hostile corpus', () => {
  expect(Object.keys(expected).toSorted()).toEqual(files.toSorted());
});

test.each(files.filter((name) => name.endsWith('.parquet')))(
  'the verdict on %s is the expected one, and its rows are those of a second reader',
  async (name) => {
    const { verdict, rows } = await compactAlone(name);
    expect(verdict).toBe(expected[name]);
    if (UNREADABLE_ALONE.includes(name)) return;
    const second = await readParquetAlone(join(corpus, name)).catch(() => undefined);
    if (second === undefined) return;
    if (verdict.endsWith(' rows')) {
      if (SHOWN_OTHERWISE.includes(name)) expect(rows).toHaveLength(second.length);
      else expect(rows).toEqual(second);
      return;
    }
    expect((await bareRows(name)) === second.length).toBe(REFUSED_ALTHOUGH_READ.includes(name));
  },
);

test.each(files.filter((name) => name.endsWith('.csv')))(
  'the verdict on %s is the expected one, and its values are those that the corpus expects',
  async (name) => {
    const { verdict, rows } = await compactAlone(name);
    expect(verdict).toBe(expected[name]);
    if (VALUES_OF_OTHERS.includes(name)) return;
    const path = join(corpus, name.replace('/csvs/', '/json/').replace('.csv', '.json'));
    const json: unknown = JSON.parse(await readFile(path, 'utf8'));
    const wanted = [json].flat().map((row) => rowText(Object.values(row ?? {}).map((value) => value || null)));
    expect(rows).toEqual(wanted.toSorted());
  },
);

test('the whole corpus goes through one call of the command line: each file has one answer, rows in are rows out', async () => {
  const given = files.filter((name) => name !== GIANT).map((name) => join(corpus, name));
  const out = join(bench.scratch, 'all');
  const { status, stdout } = await sluice(['compact', ...given, '--out', out, '--json'], { cwd: bench.scratch });
  const report = JSON.parse(stdout);
  const answers: readonly { readonly rows: number; readonly state: string; readonly code?: string }[] = report.objects;
  expect([status, answers.length]).toEqual([0, given.length]);
  const included = answers.filter(({ state }) => state === 'included');
  const sum = included.reduce((rows, one) => rows + one.rows, 0);
  expect(report.rows).toEqual({ in: sum, out: sum });
  expect(answers.filter(({ state, code }) => state !== 'included' && code === undefined)).toEqual([]);
});
