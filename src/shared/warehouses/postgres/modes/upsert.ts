import { createHash } from 'node:crypto';
import type { ClientBase } from 'pg';
import { SluiceError } from '../../../errors.js';
import type { LoadKey } from '../books.js';
import { claimObjects } from '../books.js';
import { setLocal } from '../bounds.js';
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
  const unique = (await findKeyIndex(client, table, names.key)) === 'unique';
  const stage = await chooseStage(client, key);
  const sql = mergeSql(table, names, { unique, stage });
  const { source, leftOut, close } = await leaveOlderOut(context);
  try {
    await client.query(sql.createStage);
    const copied = await copyInto(stage, source);
    await client.query(sql.analyzeStage);
    // Nobody else writes from here to the commit: what is judged now is still so when it is written.
    await client.query(`LOCK TABLE ${quoteTable(table)} IN SHARE ROW EXCLUSIVE MODE`);
    // Compiling these statements takes longer than it saves.
    await setLocal(client, { work_mem: '64MB', jit: 'off' });
    const judged = await client.query(sql.judge);
    if (!unique && judged.rowCount !== copied) {
      throw new SluiceError('TARGET_REFUSED', `expected one row a key in ${key.table}, got several of some key`, {
        facts: { table: key.table, key: names.key.join(', ') },
      });
    }
    for (const statement of sql.write) await client.query(statement);
    await client.query(sql.countOverwritten, [key.table]);
    const { rows } = await client.query<{ present: number }>(sql.countOwn, [
      key.table,
      key.batch,
      [...leftOut.keys()],
      [...leftOut.values()],
    ]);
    await client.query(sql.dropStage);
    const left = [...leftOut.values()].reduce((sum, each) => sum + each, 0);
    return { copied: copied + left, present: rows[0]?.present ?? 0 };
  } finally {
    await close();
  }
}

/**
 * Several processes of the server may read an unlogged table, only one a temporary one; but it needs the right to create. Either is made
 * and dropped in the load's transaction: nobody else ever sees it, and a crash leaves nothing of it.
 */
async function chooseStage(client: ClientBase, { table, batch }: LoadKey): Promise<string> {
  const { rows } = await client.query<{ may: boolean }>(`SELECT has_schema_privilege('_sluice', 'CREATE') AS may`);
  if (rows[0]?.may !== true) return 'pg_temp._sluice_stage';
  const hash = createHash('sha256').update(`${table} ${batch}`).digest('hex').slice(0, 24);
  return `_sluice.stage_${hash}`;
}
