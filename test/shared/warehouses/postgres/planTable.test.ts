import { describe, expect, it } from 'vitest';
import { planTable } from '../../../../src/shared/warehouses/postgres/planTable.js';
import type { ExistingColumn } from '../../../../src/shared/warehouses/postgres/planTable.js';

const table = { schema: 'public', name: 'orders' };
const own: readonly ExistingColumn[] = [
  { name: '_sluice_batch', type: 'uuid' },
  { name: '_sluice_object', type: 'uuid' },
  { name: '_sluice_row', type: 'bigint' },
  { name: '_sluice_loaded_at', type: 'timestamp with time zone' },
];
const planOf = (type: string, have: string) =>
  planTable(table, [{ name: 'a', type }], [{ name: 'a', type: have }, ...own]);

describe('planTable', () => {
  it('creates a table with the columns in order, the provenance and the index of the audit', () => {
    const { ddl, columns } = planTable(table, [
      { name: 'ID', type: 'UBIGINT' },
      { name: 'tags', type: 'VARCHAR[]' },
    ]);
    expect(ddl[0]).toBe(
      `CREATE TABLE "public"."orders" (\n  "id" numeric(20,0),\n  "tags" jsonb,\n  "_sluice_batch" uuid,\n  "_sluice_object" uuid,\n  "_sluice_row" bigint,\n  "_sluice_loaded_at" timestamp with time zone DEFAULT now()\n)`,
    );
    expect(ddl[1]).toContain('USING brin (_sluice_batch)');
    expect(columns).toEqual([
      { source: 'ID', type: 'UBIGINT', target: 'id', wire: 'DECIMAL(20,0)', postgres: 'numeric(20,0)' },
      { source: 'tags', type: 'VARCHAR[]', target: 'tags', wire: 'JSON', postgres: 'jsonb' },
    ]);
  });

  it('gives rows of before no time of loading', () => {
    const { ddl } = planTable(table, [{ name: 'a', type: 'DATE' }], [{ name: 'a', type: 'date' }]);
    expect(ddl).toEqual([
      'ALTER TABLE "public"."orders" ADD COLUMN "_sluice_batch" uuid, ADD COLUMN "_sluice_object" uuid, ADD COLUMN "_sluice_row" bigint, ADD COLUMN "_sluice_loaded_at" timestamp with time zone',
      'ALTER TABLE "public"."orders" ALTER COLUMN "_sluice_loaded_at" SET DEFAULT now()',
    ]);
  });

  it.each([
    ['INTEGER', 'integer', 'INTEGER'],
    ['INTEGER', 'bigint', 'BIGINT'],
    ['UTINYINT', 'smallint', 'SMALLINT'],
    ['INTEGER', 'numeric', 'DECIMAL(10,0)'],
    ['INTEGER', 'numeric(12,2)', 'DECIMAL(12,2)'],
    ['HUGEINT', 'numeric(39,0)', 'HUGEINT'],
    ['DECIMAL(9,0)', 'bigint', 'BIGINT'],
    ['DECIMAL(10,2)', 'numeric(12,4)', 'DECIMAL(12,4)'],
    ['VARCHAR', 'character varying(10)', 'VARCHAR'],
    [`ENUM('a', 'b')`, 'text', 'VARCHAR'],
    ['STRUCT(a INTEGER)', 'json', 'VARCHAR'],
    ['TIMESTAMP_NS', 'timestamp without time zone', 'TIMESTAMP'],
    ['DATE', 'timestamp without time zone', 'TIMESTAMP'],
    ['"NULL"', 'smallint', 'VARCHAR'],
  ])('loads %s into an existing %s as it is', (type, have, wire) => {
    const plan = planOf(type, have);
    expect(plan.ddl).toEqual([]);
    expect(plan.columns[0]?.wire).toBe(wire);
  });

  it.each([
    ['BIGINT', 'integer', 'bigint'],
    ['HUGEINT', 'bigint', 'numeric(39,0)'],
    ['DECIMAL(21,2)', 'bigint', 'numeric(21,2)'],
    ['DECIMAL(12,4)', 'numeric(10,2)', 'numeric(12,4)'],
    ['DOUBLE', 'integer', 'double precision'],
    ['TIMESTAMP', 'date', 'timestamp without time zone'],
  ])('widens for %s a column of %s', (type, have, to) => {
    expect(planOf(type, have).ddl).toEqual([`ALTER TABLE "public"."orders" ALTER COLUMN "a" TYPE ${to}`]);
  });

  it.each([
    ['DOUBLE', 'bigint'],
    ['DECIMAL(12,4)', 'numeric(12,2)'],
    ['VARCHAR', 'integer'],
    ['INTEGER', 'text'],
    ['TIMESTAMP', 'timestamp with time zone'],
    ['TIMESTAMP', 'timestamp(3) without time zone'],
    ['VARCHAR', 'generated column'],
    ['VARCHAR', 'character(4)'],
  ])('refuses %s for a column of %s, and names both', (type, have) => {
    const refused = expect.objectContaining({
      code: 'TARGET_MISMATCH',
      message: expect.stringContaining(`got ${have}`),
    });
    expect(() => planOf(type, have)).toThrow(refused);
  });

  it.each(['GEOMETRY', 'TIME_NS', 'TYPE_OF_TOMORROW'])('refuses %s by name', (type) => {
    expect(() => planTable(table, [{ name: 'a', type }])).toThrow(new RegExp(`"a".*${type}`));
  });

  it('names every column that does not fit at once', () => {
    const columns = [
      { name: 'a', type: 'GEOMETRY' },
      { name: 'b', type: 'DATE' },
    ];
    expect(() => planTable(table, columns, [{ name: 'b', type: 'text' }])).toThrow(/"a".*"b"/);
  });
});
