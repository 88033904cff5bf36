import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { cutFlights, type DemoFile, findFlights } from '../../../src/cli/demo/cutFlights.js';
import { openEngine } from '../../../src/shared/engine/open.js';

const scratch = mkdtempSync(join(tmpdir(), 'sluice-cut-'));
afterEach(() => rmSync(scratch, { recursive: true, force: true }));

test('every flight of the package is cut into exactly one small file, plus two bad files', async () => {
  const engine = openEngine({ maxChildren: 1 });
  const flights = findFlights();
  const session = await engine.open({ scratch, readable: [dirname(flights)], memoryLimit: '1GB' });
  const files: DemoFile[] = [];
  const options = { flights, folder: scratch, signal: new AbortController().signal };
  for await (const group of cutFlights(session, options)) files.push(...group);
  const of = (ending: string) => files.filter(({ key }) => key.includes('part-') && key.endsWith(ending));
  expect(new Set(files.map(({ key }) => key)).size).toBe(files.length);
  expect([of('.parquet'), of('.csv.gz'), of('.ndjson.gz')].every((group) => group.length > 150)).toBe(true);
  const parquet = `SELECT count(*) AS n FROM read_parquet('${scratch}/parquet/*/*.parquet', hive_partitioning = false)`;
  const csv = `SELECT count(*) AS n FROM read_csv('${scratch}/csv/*/*.csv', hive_partitioning = false)`;
  const ndjson = `SELECT count(*) AS n FROM read_json('${scratch}/ndjson/*/*.ndjson', hive_partitioning = false)`;
  const rows = await session.query(`SELECT sum(n)::BIGINT AS n FROM (${parquet} UNION ALL ${csv} UNION ALL ${ndjson})`);
  expect(rows).toEqual([{ n: 3_000_000n }]);
  expect(files.filter(({ key }) => !key.includes('part-')).map(({ truncate }) => truncate)).toEqual([true, false]);
  expect(readFileSync(join(scratch, 'late.csv'), 'utf8')).toContain(',late,');
  await session.close();
  await engine.close();
});
