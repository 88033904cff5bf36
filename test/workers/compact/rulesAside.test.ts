import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseConfig } from '../../../src/shared/config/load.js';
import type { Dataset } from '../../../src/shared/config/config.js';
import { setBrokenAside } from '../../../src/workers/compact/rulesAside.js';
import { type Bench, DELAYS, idOf, makeParquet, openBench } from './support.js';

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(async () => {
  await bench.close();
});

function datasetOf(settings: string): Dataset {
  const answer = parseConfig(
    `version: 1\nlake: { url: s3://lake }\ndatasets:\n  d:\n    source: { prefix: raw/ }\n${settings}`,
    { folder: '/' },
    {},
  );
  if (answer.kind !== 'config') throw new Error(JSON.stringify(answer.faults));
  return answer.config.datasets[0]!;
}

const late = (more = '') =>
  datasetOf(`    columns: { delay: { checks: [{ range: { max: 60 }, onFail: quarantine${more} }] } }\n`);
let calls = 0;

async function ruled(dataset: Dataset) {
  const table = await makeParquet(bench, "SELECT 'P' AS flight, 90::BIGINT AS delay");
  const result = await bench.compact(
    [
      ['a.csv', 'flight,delay\nA,1\nB,61\nC,\n'],
      ['b.parquet', table],
      ['c.csv', 'flight,delay\nD,2\n'],
    ],
    { schema: DELAYS },
  );
  const outDir = join(bench.scratch, `ruled-${++calls}`);
  return { before: result, ...(await setBrokenAside({ session: bench.session, dataset, outDir, result })) };
}

test('broken rows are parted from the others, and counted for their objects', async () => {
  const { before, result, broken } = await ruled(late());
  expect(result.objects).toEqual([
    { object: idOf(0), kind: 'included', rows: 3, quarantined: 1 },
    { object: idOf(1), kind: 'included', rows: 1, quarantined: 1 },
    { object: idOf(2), kind: 'included', rows: 1 },
  ]);
  expect(result.rows).toEqual({ in: 5, out: 3 });
  expect(result.content?.hash).not.toBe(before.content?.hash);
  const paths = result.artifacts.map(({ path }) => `'${path}'`).join(', ');
  const kept = await bench.session.query(`SELECT flight, _sluice_row AS r FROM read_parquet([${paths}]) ORDER BY ALL`);
  expect(kept.map(({ flight, r }) => [flight, r])).toEqual([
    ['A', 0n],
    ['C', 2n],
    ['D', 0n],
  ]);
  expect(broken?.file.rows).toBe(2);
  expect(broken?.objects.map(({ object, rows }) => [object, rows]).sort()).toEqual([
    [idOf(0), 1],
    [idOf(1), 1],
  ]);
  const rows = await bench.session.query(`SELECT line, code, raw FROM '${broken?.file.path}' ORDER BY object`);
  expect(rows).toEqual([
    { line: 2n, code: 'CHECK_FAILED', raw: '{"flight":"B","delay":"61"}' },
    { line: 1n, code: 'CHECK_FAILED', raw: '{"flight":"P","delay":"90"}' },
  ]);
});

test('a rule that is not broken beyond its bound, or says another thing, takes nothing out', async () => {
  for (const dataset of [
    late(', fail: 2'),
    datasetOf('    columns: { delay: { checks: [{ range: { max: 60 } }] } }\n'),
  ]) {
    const { before, result, broken } = await ruled(dataset);
    expect(result).toBe(before);
    expect(broken).toBeUndefined();
  }
});

test('when every row breaks a rule no artifact is left', async () => {
  const { result } = await ruled(datasetOf('    checks: [{ expr: "flight = \'none\'", onFail: quarantine }]\n'));
  expect(result.artifacts).toEqual([]);
  expect(result.rows).toEqual({ in: 5, out: 0 });
});

test('a row that is lost between the two is found', async () => {
  const before = await bench.compact([['a.csv', 'flight,delay\nA,1\nB,61\nC,3\n']], { schema: DELAYS });
  const session = {
    ...bench.session,
    query: (sql: string) => bench.session.query(sql.replace(/^(COPY .*) IS NULL/s, "$1 IS NULL AND flight <> 'A'")),
  };
  const outDir = join(bench.scratch, 'ruled-faulty');
  await expect(setBrokenAside({ session, dataset: late(), outDir, result: before })).rejects.toMatchObject({
    code: 'CONTENT_MISMATCH',
  });
});
