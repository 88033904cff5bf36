import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type File, openBench } from './support.js';

const corpus = join(import.meta.dirname, '../../corpus/compact');
/** Together with the others its digits are no text. */
const ALONE = ['false-type.csv'];

test('each file of the corpus is taken or refused as expected, alone and all together', async () => {
  const expected: Record<string, string> = JSON.parse(await readFile(join(corpus, 'expected.json'), 'utf8'));
  const names = (await readdir(corpus)).filter((name) => !['README.md', 'expected.json'].includes(name));
  expect(Object.keys(expected).toSorted()).toEqual(names.toSorted());
  const bench = await openBench();
  const files = await Promise.all(names.map(async (name): Promise<File> => [name, await readFile(join(corpus, name))]));
  for (const file of files) expect((await bench.compact([file])).byName).toEqual({ [file[0]]: expected[file[0]] });
  // two datasets: the public tables have columns of the same names as the files made here, and other types
  for (const isPublic of [true, false]) {
    const some = files.filter(([name]) => name.endsWith('.parquet') === isPublic && !ALONE.includes(name));
    const { byName } = await bench.compact(some);
    expect(byName).toEqual(Object.fromEntries(some.map(([name]) => [name, expected[name]])));
  }
  await bench.close();
});
