import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { binaryCovers } from '../../../../src/shared/engine/encoders/binaryLayout.js';
import type { EngineSession } from '../../../../src/shared/engine/port.js';
import { openPostgresWarehouse } from '../../../../src/shared/warehouses/postgres/openPostgresWarehouse.js';
import { freshDatabase } from '../../../support/databases.js';
import { laterBatch, openTestSession, testObject } from '../../../support/loadRequests.js';

const ROWS = 20_000;

/** Random values over the whole range of a type, by the random number `r` (BIGINT of 62 bits). */
const RANDOM: readonly (readonly [type: string, value: string])[] = [
  ['BOOLEAN', 'r % 2 = 0'],
  ['SMALLINT', 'r % 32768'],
  ['INTEGER', 'r % 2147483648'],
  ['BIGINT', 'r * 2 + 1'],
  ['FLOAT', 'r::FLOAT / 1e9'],
  ['DOUBLE', 'r::DOUBLE / 7'],
  ['DECIMAL(4,2)', '(r % 10000)::DECIMAL(18,0) / 100'],
  ['DECIMAL(9,4)', '(r % 1000000000)::DECIMAL(18,0) / 10000'],
  ['DECIMAL(15,3)', '(r % 1000000000000000)::DECIMAL(18,0) / 1000'],
  ['DECIMAL(18,4)', '(r % 100000000000000)::DECIMAL(18,0)'],
  ['DECIMAL(18,17)', '(r % 1000000000000000000)::DECIMAL(38,17) / 1000000000000000000'],
  ['DECIMAL(38,7)', 'r::DECIMAL(38,6) * 12345678.9::DECIMAL(9,1)'],
  ['HUGEINT', 'r::HUGEINT * r::HUGEINT * 3'],
  ['UHUGEINT', 'abs(r)::UHUGEINT * abs(r)::UHUGEINT * 15'],
  ['VARCHAR', "repeat('ż\\' || chr(10), (r % 40)::INTEGER) || r"],
  ['BLOB', "unhex(md5(r::VARCHAR)) || encode(repeat('\\', abs(r % 5)::INTEGER))"],
  ['UUID', 'md5(r::VARCHAR)::UUID'],
  ['DATE', "DATE '2000-01-01' + (r % 700000)::INTEGER"],
  ['TIME', "TIME '00:00:00' + to_microseconds(abs(r % 86400000000))"],
  [
    'TIME WITH TIME ZONE',
    "(TIME '00:00:00' + to_microseconds(abs(r % 86400000000)))::VARCHAR || '+0' || abs(r % 9) || ':30'",
  ],
  ['TIMESTAMP', 'make_timestamp(r % 60000000000000000)'],
  ['TIMESTAMP WITH TIME ZONE', 'make_timestamp(r % 60000000000000000)::TIMESTAMPTZ'],
  ['INTERVAL', 'to_months((r % 30000)::INTEGER) + to_days((r % 12345)::INTEGER) + to_microseconds(r % 10000000000000)'],
  ['STRUCT(a BIGINT, b VARCHAR[])', "{'a': r, 'b': [r::VARCHAR, NULL, '\"']}"],
];

describe('the two encodings of a load into Postgres', () => {
  let session: EngineSession;
  let closeEngine: () => Promise<void>;
  beforeAll(async () => {
    ({ session, close: closeEngine } = await openTestSession());
  });
  afterAll(() => closeEngine());

  it('put the same values into the table, for every type, NULLs and odd orders of columns', async () => {
    const object = testObject('random');
    const fields = RANDOM.map(
      ([type, value], index) => `CASE WHEN hash(i, ${index}) % 5 > 0 THEN (${value})::${type} END AS c${index}`,
    );
    await session.run(`CREATE TABLE random AS SELECT ${fields.join(', ')}, '${object}'::UUID AS _sluice_object, i AS _sluice_row
      FROM (SELECT i, (hash(i, 'seed') >> 2)::BIGINT * CASE WHEN i % 2 = 0 THEN 1 ELSE -1 END AS r FROM range(${ROWS}) t(i))`);
    const url = await freshDatabase();
    const opened = await Promise.all(
      (['binary', 'text'] as const).map((copyFormat) =>
        openPostgresWarehouse({ name: 't', url, schema: 'public', copyFormat }),
      ),
    );
    for (const [index, warehouse] of opened.entries()) {
      await warehouse.load({
        batch: laterBatch(),
        attempt: 1,
        manifestHash: 'a'.repeat(64),
        table: index === 0 ? 'as_binary' : 'as_text',
        mode: 'append',
        columns: RANDOM.map(([type], column) => ({ name: `c${column}`, type })),
        objects: [{ object, rows: ROWS }],
        removes: [],
        artifacts: [],
        source: 'random',
        session,
      });
    }
    const texts = RANDOM.map((_, index) => `c${index}::text`).join(', ');
    const only = (one: string, other: string) =>
      `SELECT count(*) FROM (SELECT _sluice_row, ${texts} FROM ${one} EXCEPT ALL SELECT _sluice_row, ${texts} FROM ${other}) AS d`;
    const [warehouse] = opened;
    const { rows } = await warehouse!.ask(
      `SELECT (${only('as_binary', 'as_text')}), (${only('as_text', 'as_binary')}), (SELECT count(*) FROM as_binary)`,
    );
    expect(rows).toEqual([['0', '0', String(ROWS)]]);
    await Promise.all(opened.map((one) => one.close()));
  });

  const copyOf = async (sql: string, types: readonly string[]) => {
    const chunks: Buffer[] = [];
    for await (const chunk of session.copyOut({ sql, types, encoding: 'postgres-binary' })) chunks.push(chunk);
    return Buffer.concat(chunks);
  };

  it('write a header and a trailer around no rows', async () => {
    const bytes = await copyOf('SELECT 1::INTEGER WHERE false', ['INTEGER']);
    expect(bytes.toString('latin1')).toBe(`PGCOPY\n\u00ff\r\n\0${'\0'.repeat(8)}\u00ff\u00ff`);
  });

  it('write a row as Postgres documents it', async () => {
    const bytes = await copyOf("SELECT 1::INTEGER, 'aż', NULL::VARCHAR, 2::SMALLINT, NULL::DATE", [
      'INTEGER',
      'VARCHAR',
      'VARCHAR',
      'SMALLINT',
      'DATE',
    ]);
    const fields = ['0000000400000001', '0000000361c5bc', 'ffffffff', '000000020002', 'ffffffff'];
    expect(bytes.subarray(19, -2).toString('hex')).toBe(`0005${fields.join('')}`);
  });

  it('fail when the statement fails midway, with its reason', async () => {
    const sql = "SELECT CASE WHEN i = 90000 THEN error('odd') ELSE i END FROM range(100000) t(i)";
    await expect(copyOf(sql, ['BIGINT'])).rejects.toMatchObject({
      code: 'ENGINE_QUERY',
      message: expect.stringContaining('odd'),
    });
  });

  it('cover what they say', () => {
    expect(binaryCovers(RANDOM.slice(0, -1).map(([type]) => type))).toBe(true);
    expect(
      ['BIT', 'BIGNUM', 'TINYINT', 'INTEGER[]', 'TIMESTAMP_NS', 'VARIANT'].filter((type) => binaryCovers([type])),
    ).toEqual([]);
  });
});
