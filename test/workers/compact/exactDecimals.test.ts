import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Bench, openBench } from './support.js';
import { fc } from '../../support/fc.js';

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(async () => {
  await bench.close();
});

const SCHEMA = [
  { name: 'id', type: 'BIGINT' },
  { name: 'price', type: 'DECIMAL(38,18)' },
  { name: 'lines', type: 'STRUCT(net DECIMAL(38,18))[]' },
  { name: 'other', type: 'JSON' },
  { name: 'note', type: 'VARCHAR' },
];

test('each number of JSON reaches a column of decimals with the digits that were written, in lines and in arrays', async () => {
  const digits = fc.bigInt(-(10n ** 36n), 10n ** 36n).map((value) => {
    const text = (value < 0n ? -value : value).toString().padStart(19, '0');
    return `${value < 0n ? '-' : ''}${text.slice(0, -18)}.${text.slice(-18)}`;
  });
  const note = fc.constantFrom('', '"price":0.12345678901234567,', '\\', '{[', '1.12345678901234567');
  const rows = fc.array(fc.tuple(digits, digits, note), { minLength: 1, maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(rows, fc.boolean(), async (values, isArray) => {
      const lines = values.map(
        ([price, net, text], id) =>
          `{"note":${JSON.stringify(text)},"id":${id},"pri\\u0063e":${price},"lines":[{"net":${net}}],"other":[1.5]}`,
      );
      const text = isArray ? `[${lines.join(',\n')}]` : `${lines.join('\n')}\n`;
      const done = await bench.compact([['prices.json', text]], { schema: SCHEMA });
      expect(done.byName).toEqual({ 'prices.json': `${values.length} rows` });
      const back = await done.rowsOut(
        'id::INTEGER AS id, price::VARCHAR AS price, lines[1].net::VARCHAR AS net, note, other::VARCHAR AS other',
      );
      expect(back).toEqual(
        values.map(([price, net, note], id) => {
          const same = (text: string) => text.replace(/^-(?=[0.]+$)/, '');
          return { id, price: same(price), net: same(net), note, other: '[1.5]' };
        }),
      );
    }),
    { numRuns: 20 },
  );
});

test('digits that neither the DOUBLE nor the column holds are refused, never rounded', async () => {
  const done = await bench.compact(
    [
      ['round.ndjson', '{"price":0.1000000000000000055511151231257827}\n'],
      ['large.ndjson', '{"price":100000000000000.0000000001}\n'],
      ['float.ndjson', '{"price":123456789012.3456}\n'],
      ['power.ndjson', '{"price":1.5e2}\n'],
    ],
    { schema: SCHEMA },
  );
  expect(done.byName).toEqual({
    'round.ndjson': expect.stringMatching(/^(TYPE_CHANGED|VALUE_INVALID): column price: expected DECIMAL\(38,18\)/),
    'large.ndjson': '1 rows',
    'float.ndjson': '1 rows',
    'power.ndjson': '1 rows',
  });
  expect(await done.rowsOut('price::VARCHAR AS price')).toEqual([
    { price: '100000000000000.000000000100000000' },
    { price: '123456789012.345600000000000000' },
    { price: '150.000000000000000000' },
  ]);
});

test('a number of very many digits sets its own file aside, and zeros before an exponent are no digits', async () => {
  const schema = [{ name: 'price', type: 'DECIMAL(18,2)' }];
  const done = await bench.compact(
    [
      ['good.ndjson', '{"price":1.5}\n'],
      ['huge.ndjson', `{"price":${'1'.repeat(200_000)}}\n`],
      ['exponent.ndjson', '{"price":1.0000000000000000E2}\n'],
    ],
    { schema },
  );
  expect(done.byName['good.ndjson']).toBe('1 rows');
  expect(done.byName['exponent.ndjson']).toBe('1 rows');
  expect(done.byName['huge.ndjson']).toMatch(/^[A-Z_]+: /);
  const rows = await done.rowsOut('price::VARCHAR AS price');
  expect(rows.map(({ price }) => price).sort()).toEqual(['1.50', '100.00']);
});
