import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EngineSession } from '../../../../src/shared/engine/port.js';
import type { Warehouse } from '../../../../src/shared/warehouses/port.js';
import { openPostgresWarehouse } from '../../../../src/shared/warehouses/postgres/openPostgresWarehouse.js';
import { freshDatabase } from '../../../support/databases.js';
import { laterBatch, openTestSession, testObject } from '../../../support/loadRequests.js';
import { TYPE_CASES } from '../../../support/typeCases.js';

describe.each(['binary', 'text'] as const)('the types of a load into Postgres, as %s', (copyFormat) => {
  let session: EngineSession;
  let closeEngine: () => Promise<void>;
  let warehouse: Warehouse;
  beforeAll(async () => {
    ({ session, close: closeEngine } = await openTestSession());
    warehouse = await openPostgresWarehouse({ name: 'test', url: await freshDatabase(), schema: 'public', copyFormat });
  });
  afterAll(async () => {
    await warehouse.close();
    await closeEngine();
  });

  let tables = 0;
  /** Loads one column `v` of the type with these values, and returns its texts in order. */
  const roundTrip = async (type: string, expressions: readonly string[]) => {
    tables += 1;
    const table = `t${tables}`;
    const object = testObject(table);
    const rows = expressions.map(
      (value, row) =>
        `SELECT CAST(${value} AS ${type}) AS v, '${object}'::UUID AS _sluice_object, ${row}::BIGINT AS _sluice_row`,
    );
    await warehouse.load({
      batch: laterBatch(),
      attempt: 1,
      manifestHash: 'a'.repeat(64),
      table,
      mode: 'append',
      columns: [{ name: 'v', type }],
      objects: [{ object, rows: rows.length }],
      source: `(${rows.join(' UNION ALL ')})`,
      session,
      removes: [],
      artifacts: [],
    });
    const read = await warehouse.ask(
      `SET TimeZone = 'UTC'; SELECT v::text, format_type(atttypid, atttypmod) FROM ${table}, pg_attribute
       WHERE attrelid = '${table}'::regclass AND attname = 'v' ORDER BY _sluice_row`,
    );
    return { texts: read.rows.map(([text]) => text), types: new Set(read.rows.map((row) => row[1])) };
  };

  it.each(TYPE_CASES)('$type arrives as $postgres, value for value', async ({ type, postgres, values }) => {
    const expressions = values.map(([expression]) => expression);
    const { texts, types } = await roundTrip(type, [...expressions, 'NULL']);
    expect(texts).toEqual([...values.map(([, text]) => text), null]);
    expect(types).toEqual(new Set([postgres]));
  });

  it.each([
    ['TIMESTAMP_NS', "'2026-11-23 05:06:07.891234567'"],
    ['DATE', "'5877641-06-24 (BC)'"],
    ['TIMESTAMP', "'290309-12-22 (BC) 00:00:00'"],
    ['VARCHAR', "'secret' || chr(0)"],
    ['DOUBLE[]', "['nan'::DOUBLE]"],
    ['VARCHAR[]', "['secret' || chr(0)]"],
  ])('refuses a %s that Postgres cannot hold and names the column, not the value: %s', async (type, value) => {
    const refusal = await roundTrip(type, [value]).catch((error: unknown) => error);
    expect(refusal).toMatchObject({ code: 'TARGET_REFUSED', message: expect.stringMatching(/column v\b/) });
    expect(String(refusal)).not.toMatch(/secret|5877641|290309|\.891/);
  });
});
