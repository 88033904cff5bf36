import type { BatchId } from '../ids.js';
import { releaseContents } from './contents.js';
import type { Statements } from './database.js';
import type { PartitionRef } from './port.js';

/** Those whose replacer was itself replaced meanwhile are ended by that one. */
const SUPERSEDE_REPLACED = `
WITH old AS (
  SELECT o.object_id, o.month FROM (SELECT DISTINCT old_id, old_month FROM sluice.replacements WHERE batch_id = $1) r
  JOIN sluice.objects o ON o.object_id = r.old_id AND o.month = r.old_month
  WHERE o.state IN ('compacted', 'held', 'judged', 'loaded', 'quarantined')
  ORDER BY o.object_id FOR NO KEY UPDATE OF o
), gone AS (
  UPDATE sluice.batch_objects m SET live = false FROM old WHERE m.object_id = old.object_id AND m.live
)
UPDATE sluice.objects o SET state = 'superseded' FROM old WHERE o.object_id = old.object_id AND o.month = old.month
RETURNING o.object_id`;

/**
 * Carries a batch's replacements out in the ledger, once its rows are in every target (or it has none to load): the older versions are
 * superseded and give their contents up. Returns partitions to plan, of objects that waited for such a content.
 */
export async function supersedeReplaced(tx: Statements, batch: BatchId): Promise<readonly PartitionRef[]> {
  const rows = await tx.rows<{ object_id: string }>(SUPERSEDE_REPLACED, [batch]);
  return releaseContents(
    tx,
    rows.map((row) => row.object_id),
  );
}
