import { expect, test } from 'vitest';
import { scanText } from '../../../src/workers/compact/scanText.js';
import { fc } from '../../support/fc.js';

const scan = (text: string, escapes = false) => scanText(Buffer.from(text), { escapes });

test('a newline within quotes ends no row, a doubled quote ends no quotes', async () => {
  expect(await scan('a,b\n"x\ny",1\n"say ""hi\n""",2\n')).toMatchObject({ newlines: 3, hasOddLines: false });
});

test('a quote that stays open, a blank line and a lone return leave the count to the parser', async () => {
  for (const text of ['a,b\n"x,1\n', 'a,b\n\n1,2\n', 'a,b\r1,2\r', '\na,b\n']) {
    expect(await scan(text), text).toMatchObject({ hasOddLines: true });
  }
});

test('quotes of JSON are not followed', async () => {
  expect(await scan('{"a":"5\\""}\n{"a":1}\n', true)).toMatchObject({ newlines: 2, hasOddLines: false });
});

test('any quoted rows are counted as they were written', async () => {
  const field = fc.oneof(fc.constantFrom('', ' ', '"', ',', '\n', 'a\n,b', '""'), fc.string());
  const rows = fc.array(fc.array(field, { minLength: 2, maxLength: 4 }), { minLength: 1 });
  await fc.assert(
    fc.asyncProperty(rows, async (table) => {
      const quote = (value: string) => `"${value.replaceAll('"', '""')}"`;
      const text = table.map((fields) => `${fields.map(quote).join(',')}\n`).join('');
      expect((await scan(text)).newlines).toBe(table.length);
    }),
  );
});
