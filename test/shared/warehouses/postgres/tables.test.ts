import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { EngineSession } from '../../../../src/shared/engine/port.js';
import type { LoadRequest, Warehouse } from '../../../../src/shared/warehouses/port.js';
import { openPostgresWarehouse } from '../../../../src/shared/warehouses/postgres/openPostgresWarehouse.js';
import { freshDatabase } from '../../../support/databases.js';
import { laterBatch, openTestSession, ordersLoad, testObject } from '../../../support/loadRequests.js';

type Visit = readonly [id: number, at: string | null, note: string];

describe('the table that a load makes', () => {
  let session: EngineSession;
  let closeEngine: () => Promise<void>;
  let url: string;
  let client: Client;
  let warehouse: Warehouse;
  const closers: (() => Promise<unknown>)[] = [];
  beforeAll(async () => {
    ({ session, close: closeEngine } = await openTestSession());
  });
  const begin = async () => {
    url = await freshDatabase();
    client = new Client({ connectionString: url });
    await client.connect();
    warehouse = await openPostgresWarehouse({ name: 'test', url, schema: 'public' });
    closers.push(
      () => client.end(),
      () => warehouse.close(),
    );
  };
  afterEach(async () => {
    for (const close of closers.splice(0)) await close();
  });
  afterAll(() => closeEngine());

  const visits = (name: string, rows: readonly Visit[], changes: Partial<LoadRequest> = {}, time = 'TIMESTAMP') => {
    const values = rows.map(
      ([id, at, note], row) =>
        `(${id}, ${at === null ? 'NULL' : `'${at}'`}::${time}, '${note}', '${testObject(name)}'::UUID, ${row}::BIGINT)`,
    );
    return warehouse.load({
      batch: laterBatch(),
      attempt: 1,
      manifestHash: 'd'.repeat(64),
      table: 'visits',
      mode: 'append',
      columns: [
        { name: 'id', type: 'INTEGER' },
        { name: 'At', type: time },
        { name: 'note', type: 'VARCHAR' },
      ],
      partitionBy: { column: 'At', every: 'month' },
      objects: [{ object: testObject(name), rows: rows.length }],
      removes: [],
      artifacts: [],
      source: `(SELECT * FROM (VALUES ${values.join(', ')}) AS v(id, "At", note, _sluice_object, _sluice_row))`,
      session,
      ...changes,
    });
  };
  const texts = async (sql: string) =>
    (await client.query<string[]>({ text: sql, rowMode: 'array' })).rows.map((row) => row.join(' '));
  const partitions = () =>
    texts(`SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'visits'::regclass ORDER BY 1`);
  const upsert = { mode: 'upsert', key: ['id'], orderBy: ['note'] } as const;

  it.each(['DATE', 'TIMESTAMP', 'TIMESTAMP WITH TIME ZONE'])(
    'has a partition for each month of its %s column',
    async (time) => {
      await begin();
      await visits('a', [[1, '2023-12-31', 'x'], [2, '2024-02-29', 'y'], [3, '2024-02-01', 'z']], {}, time); // prettier-ignore
      await visits('b', [[4, '2024-01-01', 'x'], [5, '2024-02-02', 'y']], {}, time); // prettier-ignore
      expect((await partitions()).slice(0, 3)).toEqual(['visits_p20231201', 'visits_p20240101', 'visits_p20240201']);
      expect((await partitions()).length).toBe(3 + 4);
      expect(await texts('SELECT tableoid::regclass::text, count(*) FROM visits GROUP BY 1 ORDER BY 1')).toEqual([
        'visits_p20231201 1',
        'visits_p20240101 1',
        'visits_p20240201 3',
      ]);
      expect(await texts(`SELECT indexdef FROM pg_indexes WHERE tablename = 'visits_p20240101' ORDER BY 1`)).toEqual([
        expect.stringContaining('USING brin (_sluice_batch)'),
        expect.stringContaining('USING brin (at)'),
      ]);
      expect(await warehouse.presentRows('visits', [testObject('a'), testObject('b')])).toHaveLength(2);
    },
  );

  it('takes rows without a time nowhere, and says so', async () => {
    await begin();
    await expect(
      visits('a', [
        [1, '2024-01-01', 'x'],
        [2, null, 'y'],
      ]),
    ).rejects.toMatchObject({
      code: 'TARGET_REFUSED',
      message: expect.stringContaining('expected a time in "At" of every row'),
    });
    await expect(visits('a', [[1, 'infinity', 'x']])).rejects.toMatchObject({ code: 'TARGET_REFUSED' });
  });

  it('fills no DEFAULT partition that somebody made', async () => {
    await begin();
    await visits('a', [[1, '2024-01-01', 'x']]);
    await client.query('CREATE TABLE rest PARTITION OF visits DEFAULT');
    await visits('b', [[1, '2020-05-05', 'x']]);
    expect(await texts('SELECT count(*) FROM rest')).toEqual(['0']);
  });

  it('names a table that stands without partitions, or with others', async () => {
    await begin();
    await visits('a', [[1, '2024-01-01', 'x']], { partitionBy: undefined } as unknown as Partial<LoadRequest>);
    await expect(visits('b', [[1, '2024-01-01', 'x']])).rejects.toMatchObject({
      code: 'TARGET_MISMATCH',
      message: expect.stringContaining('got a table without partitions'),
    });
    await expect(
      visits('c', [[1, '2024-01-01', 'x']], { partitionBy: { column: 'note', every: 'day' } }),
    ).rejects.toMatchObject({
      code: 'TARGET_MISMATCH',
      message: expect.stringContaining('to hold dates or times, got text'),
    });
  });

  it('upserts across partitions by a key without the time: a row moves where its time moves', async () => {
    await begin();
    await visits(
      'a',
      [
        [1, '2024-01-01', 'a'],
        [2, '2024-01-02', 'a'],
      ],
      upsert,
    );
    await visits('b', [[1, '2024-03-01', 'b']], upsert);
    expect(await texts('SELECT tableoid::regclass::text, id, note FROM visits ORDER BY id')).toEqual([
      'visits_p20240301 1 b',
      'visits_p20240101 2 a',
    ]);
    expect(await texts(`SELECT reloptions::text FROM pg_class WHERE relname = 'visits_p20240101'`)).toEqual([
      '{fillfactor=90,autovacuum_vacuum_scale_factor=0.05}',
    ]);
  });

  it('has the key of an upsert as its primary key where it is new, so that its changes can be published', async () => {
    await begin();
    await client.query('CREATE TABLE stood (id bigint, amount numeric(10,2), note text)');
    for (const table of ['made', 'stood'])
      await warehouse.load(
        ordersLoad(session, { [table]: 3 }, { table, mode: 'upsert', key: ['id'], orderBy: ['amount'] }),
      );
    await visits('a', [[1, '2024-01-01', 'a']], { ...upsert, key: ['id', 'At'] });
    expect(
      await texts(
        `SELECT indrelid::regclass::text, indisprimary, pg_get_indexdef(indexrelid) LIKE '%(id, at)' OR pg_get_indexdef(indexrelid) LIKE '%(id)'
         FROM pg_index WHERE indisunique AND indrelid IN ('made'::regclass, 'stood'::regclass, 'visits'::regclass) ORDER BY 1`,
      ),
    ).toEqual(['made true true', 'stood false true', 'visits true true']);
    await client.query('CREATE PUBLICATION changes FOR TABLE made, visits');
    await client.query(`UPDATE made SET note = 'b'; UPDATE visits SET note = 'b'`);
  });

  it('has the declared indexes after the first load, once each, whatever their names are cut to', async () => {
    await begin();
    const indexes = [
      { columns: ['At'], include: [] },
      { columns: ['id', 'At'], include: ['note'] },
      { columns: ['note'], include: [], where: 'id > 1' },
    ];
    const table = `v${'x'.repeat(60)}`;
    const plain = { indexes, table, partitionBy: undefined } as unknown as Partial<LoadRequest>;
    for (const name of ['a', 'b'])
      expect(await visits(name, [[1, '2024-01-01', 'x']], plain)).not.toHaveProperty('notes');
    expect(
      await texts(
        `SELECT regexp_replace(indexdef, '^.* USING ', '') FROM pg_indexes WHERE tablename = '${table}' ORDER BY 1`,
      ),
    ).toEqual([
      "brin (_sluice_batch) WITH (autosummarize='on')",
      'btree (at)',
      'btree (id, at) INCLUDE (note)',
      'btree (note) WHERE (id > 1)',
    ]);
    await visits('c', [[1, '2024-01-01', 'x']], { indexes });
    expect(await texts(`SELECT count(*) FROM pg_indexes WHERE tablename = 'visits_p20240101'`)).toEqual(['5']);
  });

  it('refreshes views after the load, without shutting their readers out where they have a key; notes one that fails', async () => {
    await begin();
    await visits('a', [[1, '2024-01-01', 'x']]);
    await client.query('CREATE MATERIALIZED VIEW daily AS SELECT id, count(*) AS visits FROM visits GROUP BY 1');
    await client.query('CREATE UNIQUE INDEX ON daily (id)');
    await client.query('BEGIN; SELECT * FROM daily');
    const refresh = { refresh: ['daily'] };
    expect(await visits('b', [[2, '2024-01-02', 'x']], refresh)).not.toHaveProperty('notes');
    await client.query('COMMIT');
    expect(await texts('SELECT id FROM daily ORDER BY id')).toEqual(['1', '2']);
    const receipt = await visits('c', [[3, '2024-01-02', 'x']], { refresh: ['nowhere', 'daily'] });
    expect(receipt).toMatchObject({ kind: 'loaded', notes: [expect.stringContaining('the refresh of nowhere')] });
    expect(await texts('SELECT count(*) FROM daily')).toEqual(['3']);
  });

  it.each([true, false])(
    'analyzes after a large load, and not again after one of a small share (partitioned: %s)',
    async (partitioned) => {
      await begin();
      const many = `(SELECT i::INTEGER AS id, TIMESTAMP '2024-01-01' AS "At", 'x' AS note, '${testObject('many')}'::UUID AS _sluice_object, i AS _sluice_row FROM range(60000) t(i))`;
      const shape = partitioned ? {} : ({ partitionBy: undefined } as unknown as Partial<LoadRequest>);
      await visits('many', [], { ...shape, source: many, objects: [{ object: testObject('many'), rows: 60_000 }] });
      await warehouse.close();
      const analyzed = `SELECT reltuples FROM pg_class WHERE relname = 'visits'`;
      expect(await texts(analyzed)).toEqual(['60000']);
      warehouse = await openPostgresWarehouse({ name: 'test', url, schema: 'public' });
      const few = many.replace('range(60000)', 'range(50000)').replaceAll(testObject('many'), testObject('few'));
      await client.query(`UPDATE pg_class SET reltuples = 1e6 WHERE relname IN ('visits', 'visits_p20240101')`);
      await visits('few', [], { ...shape, source: few, objects: [{ object: testObject('few'), rows: 50_000 }] });
      await warehouse.close();
      expect(await texts(analyzed)).toEqual(['1000000']);
      warehouse = await openPostgresWarehouse({ name: 'test', url, schema: 'public' });
    },
  );
});
