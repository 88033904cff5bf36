import { SluiceError } from '../../../errors.js';
import { claimObjects } from '../books.js';
import { quoteTable } from '../identifiers.js';
import { findKeyIndex } from '../keyIndex.js';
import { leaveOlderOut } from './dedupe.js';
import type { WriteContext, WriteModeRules, Written } from './mode.js';
import { mergeNames, mergeSql } from './mergeSql.js';

/**
 * One row a key. Of several rows the greatest by `orderBy` stands, then by batch, then by object and row, whatever the order of batches:
 * the row that stands is compared with the same measure, so late batches change what they would have changed in time and no more. A
 * repeated object is left out by the books. A row that is equal to the one that stands is not written.
 */
export const upsert: WriteModeRules = {
  takesTurns: true,
  // Whoever only reads the table now can take the lock below without waiting for another load that waits for it.
  copyLock: 'ACCESS SHARE',
  claim: ({ client, key, request }) => claimObjects(client, key, request.objects),
  write: mergeRows,
};

async function mergeRows(context: WriteContext): Promise<Written> {
  const { client, table, key, expected, copyInto } = context;
  if (expected === 0) return { copied: 0, present: 0 };
  const names = mergeNames(context);
  const sql = mergeSql(table, names, (await findKeyIndex(client, table, names.key)) === 'unique');
  const { source, leftOut, close } = await leaveOlderOut(context);
  try {
    await client.query(sql.createStage);
    const copied = await copyInto(sql.stage, source);
    await client.query(sql.analyzeStage);
    // Nobody else writes from here to the commit: what is judged now is still so when it is written.
    await client.query(`LOCK TABLE ${quoteTable(table)} IN SHARE ROW EXCLUSIVE MODE`);
    await client.query(`SET LOCAL work_mem = '64MB'`);
    const judged = await client.query(sql.judge);
    if (judged.rowCount !== copied) {
      throw new SluiceError('TARGET_REFUSED', `expected one row a key in ${key.table}, got several of some key`, {
        facts: { table: key.table, key: names.key.join(', ') },
      });
    }
    for (const statement of sql.write) await client.query(statement);
    await client.query(sql.countOverwritten, [key.table]);
    const { rows } = await client.query<{ present: number }>(sql.countOwn, [key.table, key.batch]);
    return { copied: copied + leftOut, present: rows[0]?.present ?? 0 };
  } finally {
    await close();
  }
}
