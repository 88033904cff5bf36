import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type File, openBench } from './support.js';

const corpus = join(import.meta.dirname, '../../corpus/compact');

test('each file of the corpus is taken or refused as expected, alone and all together', async () => {
  const expected: Record<string, string> = JSON.parse(await readFile(join(corpus, 'expected.json'), 'utf8'));
  const bench = await openBench();
  const files = await Promise.all(
    Object.keys(expected).map(async (name): Promise<File> => [name, await readFile(join(corpus, name))]),
  );
  for (const file of files) expect((await bench.compact([file])).byName).toEqual({ [file[0]]: expected[file[0]] });
  expect((await bench.compact(files)).byName).toEqual(expected);
  await bench.close();
});
