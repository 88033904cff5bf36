import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EngineSession } from '../../../../src/shared/engine/port.js';
import { openPostgresWarehouse } from '../../../../src/shared/warehouses/postgres/openPostgresWarehouse.js';
import { quoteText } from '../../../../src/shared/schema/columns.js';
import { freshDatabase } from '../../../support/databases.js';
import { laterBatch, openTestSession, testObject } from '../../../support/loadRequests.js';
import { TORTURE as EVERY_TYPE, TORTURE_ROWS } from '../../../support/tortureValues.js';

const ESCAPED: Readonly<Record<string, string>> = { BLOB: 'from_hex', JSON: 'json' };

/** A value in DuckDB's words. */
function inDuck(type: string, text: string): string {
  if (ESCAPED[type] === 'from_hex') return `from_hex(${quoteText(text.slice(2))})`;
  return `CAST(${quoteText(text)} AS ${type})`;
}

describe('a table of every type', () => {
  let session: EngineSession;
  let closeEngine: () => Promise<void>;
  beforeAll(async () => {
    ({ session, close: closeEngine } = await openTestSession());
  });
  afterAll(() => closeEngine());

  it('is as large as it says', () => {
    expect(EVERY_TYPE.length).toBeGreaterThanOrEqual(30);
    expect(TORTURE_ROWS).toBeGreaterThanOrEqual(60);
    expect(EVERY_TYPE.filter(({ texts }) => texts.length !== TORTURE_ROWS)).toEqual([]);
  });

  it.each(['binary', 'text'] as const)(
    'comes through in %s as Postgres itself reads the same texts',
    async (copyFormat) => {
      // One type that COPY BINARY does not cover would make all of it text.
      const TORTURE = copyFormat === 'text' ? EVERY_TYPE : EVERY_TYPE.filter(({ type }) => type !== 'BIT');
      const url = await freshDatabase();
      const object = testObject('torture');
      const rows = Array.from({ length: TORTURE_ROWS + 1 }, (_, row) => row);
      // The last row is NULL in every column.
      const values = rows.map((row) => {
        const cells = TORTURE.map(({ type, texts }) => {
          const text = texts[row];
          return text === undefined ? `NULL::${type}` : inDuck(type, text);
        });
        return `(${cells.join(', ')}, '${object}'::UUID, ${row}::BIGINT)`;
      });
      const names = TORTURE.map((_, index) => `c${index}`);
      const table = `torture_${copyFormat}`;
      const columns = names.map((name, index) => `${name} ${TORTURE[index]!.type}`);
      await session.run(`CREATE TABLE ${table} (${columns.join(', ')}, _sluice_object UUID, _sluice_row BIGINT)`);
      await session.run(`INSERT INTO ${table} VALUES ${values.join(', ')}`);
      const warehouse = await openPostgresWarehouse({ name: 't', url, schema: 'public', copyFormat });
      await warehouse.load({
        batch: laterBatch(),
        attempt: 1,
        manifestHash: 'c'.repeat(64),
        table: 'torture',
        mode: 'append',
        columns: TORTURE.map(({ type }, index) => ({ name: `c${index}`, type })),
        objects: [{ object, rows: rows.length }],
        removes: [],
        artifacts: [],
        source: table,
        session,
      });
      await warehouse.close();
      const client = new Client({ connectionString: url });
      await client.connect();
      await client.query(`SET TimeZone = 'UTC'`);
      const texts = names.map((name) => `${name}::text`).join(', ');
      const loaded = await client.query<(string | null)[]>({
        text: `SELECT ${texts} FROM torture ORDER BY _sluice_row`,
        rowMode: 'array',
      });
      const oracle = TORTURE.map(
        ({ postgres }, index) => `CAST(CAST($${index + 1}::text[] AS ${postgres}[]) AS text[])`,
      );
      const expected = await client.query<((string | null)[] | null)[]>({
        text: `SELECT ${oracle.join(', ')}`,
        values: TORTURE.map((column) => [...column.texts, null]),
        rowMode: 'array',
      });
      await client.end();
      const wrong = TORTURE.flatMap(({ type }, index) =>
        rows.flatMap((row) => {
          const [got, wanted] = [loaded.rows[row]?.[index], expected.rows[0]?.[index]?.[row]];
          return got === wanted ? [] : [{ type, row, got, wanted }];
        }),
      );
      expect(wrong).toEqual([]);
    },
  );
});
