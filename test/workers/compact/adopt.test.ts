import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseConfig } from '../../../src/shared/config/load.js';
import type { Column } from '../../../src/shared/schema/columns.js';
import { whyRewritten } from '../../../src/workers/compact/adopt.js';
import { type Bench, makeParquet, openBench } from './support.js';

function reasonOf(settings: string, load = '[{ target: pg, table: t }]'): string | undefined {
  const text = `
version: 1
lake: { url: "file:///lake" }
targets:
  pg: { type: postgres, url: "postgresql://h/d" }
  snow: { type: snowflake, account: a, user: u, privateKeyFile: /k, role: r, warehouse: w, database: d, schema: s }
datasets:
  d: { source: { prefix: d/ }, load: ${load}${settings === '' ? '' : `, ${settings}`} }`;
  const answer = parseConfig(text, { folder: '/' }, {});
  if (answer.kind !== 'config') throw new Error(JSON.stringify(answer.faults));
  const [dataset] = answer.config.datasets;
  return whyRewritten(dataset!, answer.config.targets);
}

test('whatever would change rows, or needs them in a file of ours, has a lone file written anew', () => {
  expect(reasonOf('')).toBeUndefined();
  expect(reasonOf('checks: [{ metric: rowCount, mustBeBetween: [1, 5] }]')).toBeUndefined();
  expect(reasonOf('compact: { adopt: false }')).toContain('adopt');
  expect(reasonOf('compact: { sort: [a] }')).toContain('sorted');
  expect(reasonOf('transform: "select a from input"')).toContain('transform');
  expect(reasonOf('skew: { keys: [a], action: salt }')).toContain('salt');
  expect(reasonOf('columns: { a: { checks: [{ expr: "a > 0", onFail: quarantine }] } }')).toContain('rows aside');
  expect(reasonOf('originals: { after: tag }')).toContain('tag');
  expect(reasonOf('', '[]')).toContain('no load');
  expect(reasonOf('', '[{ target: pg, table: t }, { target: snow, table: t }]')).toContain('snow');
});

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench.close());

/** Which artifacts of a file of these rows are the file itself. */
async function isAdopted(sql: string, schema?: readonly Column[], targetBytes = 1e9): Promise<readonly boolean[]> {
  const file = await makeParquet(bench, sql);
  const hive = sql.includes('hive');
  const given = schema === undefined ? {} : { schema };
  const { artifacts } = await bench.compact([['year=2026/a.parquet', file]], {
    adopt: true,
    hive,
    targetBytes,
    ...given,
  });
  return artifacts.map(({ isAdopted: is = false }) => is);
}

const ID = { name: 'id', type: 'BIGINT' };

test('a file is left as it is under its own schema, and written anew where a column is missing, new, of another type or of the path', async () => {
  const rows = 'SELECT i AS id FROM range(100) r(i)';
  expect(await isAdopted(rows)).toEqual([true]);
  expect(await isAdopted(rows, [ID])).toEqual([true]);
  expect(await isAdopted(rows, [{ ...ID, name: 'ID' }])).toEqual([false]);
  expect(await isAdopted(rows, [ID, { name: 'note', type: 'VARCHAR' }])).toEqual([false]);
  expect(await isAdopted('SELECT i AS id, 1 AS note FROM range(9) r(i)', [ID])).toEqual([false]);
  expect(await isAdopted('SELECT i::INTEGER AS id FROM range(9) r(i)', [ID])).toEqual([false]);
  expect(await isAdopted("SELECT i AS id, 'hive' AS t FROM range(9) r(i)")).toEqual([false]);
  expect(await isAdopted('SELECT i AS file_row_number FROM range(9) r(i)')).toEqual([false]);
});

test('text, a file without rows, one much larger than the target, and a value that no warehouse takes are not left as they are', async () => {
  const text = await bench.compact([['a.csv', 'id\n1\n']], { adopt: true });
  expect(text.artifacts.map(({ isAdopted: is = false }) => is)).toEqual([false]);
  expect(await isAdopted('SELECT i AS id FROM range(0) r(i)')).toEqual([]);
  const large = await isAdopted('SELECT hash(i) AS id FROM range(50000) r(i)', undefined, 100_000);
  expect(large.length).toBeGreaterThan(1);
  expect(large).not.toContain(true);
  const bad = await bench.compact([['a.parquet', await makeParquet(bench, 'SELECT chr(0) AS t')]], { adopt: true });
  expect(bad.byName['a.parquet']).toContain('VALUE_INVALID');
  const two = await makeParquet(bench, 'SELECT 1 AS id');
  const both = await bench.compact(
    [
      ['a.parquet', two],
      ['b.parquet', two],
    ],
    { adopt: true },
  );
  expect(both.artifacts.map(({ isAdopted: is = false }) => is)).toEqual([false]);
});
