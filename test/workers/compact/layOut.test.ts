import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EngineSession } from '../../../src/shared/engine/port.js';
import { compactFiles } from '../../../src/workers/compact/compactFiles.js';
import { layOut, type LaidOut } from '../../../src/workers/compact/layOut.js';
import { openEngineSession } from '../../support/engineSession.js';
import { FLIGHTS, FLIGHTS_FILE } from '../../support/flights.js';
import { dirname } from 'node:path';

let session: EngineSession & { scratch: string };
beforeAll(async () => {
  session = await openEngineSession([dirname(FLIGHTS_FILE)]);
  await session.run(
    `COPY (SELECT CASE WHEN hash(i) % 10 < 3 THEN 'hot' WHEN i % 50 = 0 THEN NULL ELSE 'k' || (i % 7000) END AS k, i AS v
     FROM range(200000) AS t(i)) TO '${join(session.scratch, 'planted.parquet')}'`,
  );
  await session.run(`COPY (SELECT * FROM ${FLIGHTS} LIMIT 200000) TO '${join(session.scratch, 'flights.parquet')}'`);
});
afterAll(() => session.close());

type Action = 'isolate' | 'salt' | 'bucket';
interface Asked {
  readonly action: Action;
  readonly key: string;
  readonly sort?: readonly string[];
}

async function layOutFile(file: string, { action, key, sort = [] }: Asked): Promise<LaidOut> {
  const outDir = await mkdtemp(join(session.scratch, 'out-'));
  const shared = { session, outDir, compression: 'zstd', pages: 'v2', sort, targetBytes: 256e6 } as const;
  const result = await compactFiles({
    ...shared,
    scratch: session.scratch,
    inputs: [{ object: '00000000-0000-7000-8000-000000000001', name: file, file: join(session.scratch, file) }],
    format: 'auto',
    evolution: 'widen',
    provenance: true,
  });
  return layOut({ ...shared, skew: { keys: [key], threshold: 10, action, buckets: 16 }, result });
}

const source = ({ artifacts }: LaidOut) => `read_parquet([${artifacts.map(({ path }) => `'${path}'`).join(', ')}])`;

async function one<T>(sql: string): Promise<T> {
  return (await session.query(sql))[0] as T;
}

/** The rows of each artifact as they are read back, not as they were reported. */
async function rowsRead({ artifacts }: LaidOut): Promise<number[]> {
  const counts: number[] = [];
  for (const { path } of artifacts)
    counts.push(Number((await one<{ n: bigint }>(`SELECT count(*) AS n FROM '${path}'`)).n));
  return counts;
}

const FILES = [
  ['planted.parquet', 'k', 200_000],
  ['flights.parquet', 'origin', 200_000],
] as const;

describe.each(FILES)('the artifacts of %s by %s', (file, key, rows) => {
  it.each(['isolate', 'salt', 'bucket'] as const)('are even under %s, and hold each row once', async (action) => {
    const laidOut = await layOutFile(file, { action, key });
    const counts = await rowsRead(laidOut);
    expect(counts.length).toBeGreaterThanOrEqual(16);
    expect(Math.max(...counts) / (rows / counts.length)).toBeLessThan(1.3);
    const columns =
      action === 'salt' ? '* EXCLUDE (_salt, _sluice_object, _sluice_row)' : '* EXCLUDE (_sluice_object, _sluice_row)';
    const plain = `SELECT * FROM '${join(session.scratch, file)}'`;
    const left = `(SELECT count(*) FROM (${plain} EXCEPT ALL SELECT ${columns} FROM ${source(laidOut)}))`;
    expect(await one(`SELECT (SELECT count(*) FROM ${source(laidOut)}) AS rows, ${left} AS missing`)).toEqual({
      rows: BigInt(rows),
      missing: 0n,
    });
  });

  it('are the same when the batch is tried again', async () => {
    for (const action of ['isolate', 'salt', 'bucket'] as const) {
      const print = async (laidOut: LaidOut) =>
        Promise.all(
          laidOut.artifacts.map(({ path }) =>
            one(`SELECT count(*) AS n, sum(hash(t)::HUGEINT)::VARCHAR AS fingerprint FROM '${path}' t`),
          ),
        );
      const [first, second] = [await layOutFile(file, { action, key }), await layOutFile(file, { action, key })];
      expect(await print(second)).toEqual(await print(first));
    }
  });
});

describe('isolate', () => {
  it('keeps a hot key in artifacts that hold no other, and no other artifact holds it', async () => {
    const { artifacts, layout } = await layOutFile('planted.parquet', { action: 'isolate', key: 'k', sort: ['v'] });
    expect(layout?.hotKeys).toMatchObject([{ key: 'hot' }]);
    const own = new Set(layout?.hotKeys[0]?.artifacts);
    for (const [at, { path }] of artifacts.entries()) {
      const keys = await session.query(`SELECT DISTINCT k = 'hot' AS hot FROM '${path}' WHERE k IS NOT NULL`);
      expect(keys).toEqual([{ hot: own.has(at) }]);
      const [order] = await session.query(
        `SELECT count(*) AS n FROM (SELECT v < lag(v) OVER () AS back FROM '${path}') WHERE back`,
      );
      expect(order).toEqual({ n: 0n });
    }
  });
});

describe('bucket', () => {
  it('keeps the rows of a key together, in the order asked for', async () => {
    for (const sort of [[], ['v']]) {
      const laidOut = await layOutFile('planted.parquet', { action: 'bucket', key: 'k', sort });
      const split = await session.query(
        `SELECT k FROM read_parquet([${laidOut.artifacts.map(({ path }) => `'${path}'`).join(', ')}], filename = true) GROUP BY k HAVING count(DISTINCT filename) > 2`,
      );
      expect(split).toEqual([{ k: 'hot' }]);
      expect((await session.query(`DESCRIBE SELECT * FROM ${source(laidOut)}`)).length).toBe(4);
    }
  });
});

describe('salt', () => {
  it.each(FILES)('joins %s by %s to the same rows as a plain join', async (file, key) => {
    const laidOut = await layOutFile(file, { action: 'salt', key });
    const hot = `'${laidOut.hotList?.path}'`;
    const other = `(SELECT ${key}, 'side ' || ${key} AS side, n FROM (SELECT DISTINCT ${key} FROM ${source(laidOut)}), range(2) AS t(n) WHERE hash(${key}) % 5 > 0)`;
    const spread = `(SELECT o.*, s.salt AS _salt FROM ${other} o LEFT JOIN ${hot} h USING (${key}), unnest(range(coalesce(h.salts, 1))) AS s(salt))`;
    const fields = '* EXCLUDE (_salt)';
    const salted = `SELECT ${fields} FROM ${source(laidOut)} JOIN ${spread} USING (${key}, _salt)`;
    const plain = `SELECT ${fields} FROM ${source(laidOut)} JOIN ${other} USING (${key})`;
    const answer = await one<{ rows: bigint }>(
      `SELECT (SELECT count(*) FROM (${plain})) AS rows, (SELECT count(*) FROM (${salted})) - (SELECT count(*) FROM (${plain})) AS more,
        (SELECT count(*) FROM (SELECT * FROM (${plain}) EXCEPT ALL SELECT * FROM (${salted}))) AS lost`,
    );
    expect(answer).toMatchObject({ more: 0n, lost: 0n });
    expect(answer.rows).toBeGreaterThan(100_000n);
    const [fair] = await session.query(
      `SELECT max(n) AS largest FROM (SELECT count(*) AS n FROM ${source(laidOut)} WHERE ${key} IS NOT NULL GROUP BY ${key}, _salt)`,
    );
    expect(Number(fair?.['largest'])).toBeLessThan(Number(answer.rows) / 16);
  });

  it('refuses a batch that has a column of the same name', async () => {
    await session.run(`COPY (SELECT 1 AS k, 2 AS _salt) TO '${join(session.scratch, 'own.parquet')}'`);
    await expect(layOutFile('own.parquet', { action: 'salt', key: 'k' })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
    });
  });
});
