import { SluiceError } from '../../../errors.js';
import type { ObjectId } from '../../../ids.js';
import { asObjectId } from '../../../ids.js';
import { quoteName } from '../../../schema/columns.js';
import type { WriteContext } from './mode.js';

/** A source without the rows that give way to another of their key in the same batch. */
export interface Deduplicated {
  readonly source: string;
  /** Rows that it leaves out, by object. */
  readonly leftOut: ReadonlyMap<ObjectId, number>;
  readonly close: () => Promise<void>;
}

/** The session's table of rows that are left out. */
const OLDER = 'sluice_older_rows';

/**
 * Leaves all rows of a key out but the greatest by `orderBy`, then by object and row. Costs one pass over the key alone where no key
 * comes twice. Errors: KEY_MISSING when a row has none.
 */
export async function leaveOlderOut({ request, key, source }: WriteContext): Promise<Deduplicated> {
  const { session, signal, orderBy = [] } = request;
  const keys = (request.key ?? []).map(quoteName);
  const noKey = keys.map((name) => `${name} IS NULL`).join(' OR ');
  const [counted] = await session.query(`SELECT count(*) FILTER (${noKey})::DOUBLE AS missing FROM ${source}`, signal);
  const missing = Number(counted?.['missing'] ?? 0);
  if (missing > 0) {
    throw new SluiceError(
      'KEY_MISSING',
      `expected a key in every row, got ${missing} rows without ${keys.join(' or ')}`,
      {
        facts: { table: key.table, batch: key.batch, rows: missing },
      },
    );
  }
  const again = await session.query(
    `SELECT 1 AS twice FROM ${source} GROUP BY ${keys.join(', ')} HAVING count(*) > 1 LIMIT 1`,
    signal,
  );
  if (again.length === 0) return { source, leftOut: new Map(), close: async () => {} };
  const order = [
    ...orderBy.map((name) => `${quoteName(name)} DESC NULLS LAST`),
    '_sluice_object DESC',
    '_sluice_row DESC',
  ];
  await session.run(
    `CREATE OR REPLACE TABLE ${OLDER} AS SELECT _sluice_object, _sluice_row FROM ${source}
     QUALIFY row_number() OVER (PARTITION BY ${keys.join(', ')} ORDER BY ${order.join(', ')}) > 1`,
    signal,
  );
  const left = await session.query(
    `SELECT _sluice_object::VARCHAR AS object, count(*)::DOUBLE AS rows FROM ${OLDER} GROUP BY 1`,
    signal,
  );
  return {
    source: `(SELECT * FROM ${source} ANTI JOIN ${OLDER} USING (_sluice_object, _sluice_row))`,
    leftOut: new Map(left.map(({ object, rows }) => [asObjectId(String(object)), Number(rows)])),
    close: () => session.run(`DROP TABLE IF EXISTS ${OLDER}`).catch(() => {}),
  };
}
