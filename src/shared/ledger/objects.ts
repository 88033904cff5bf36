import type { LedgerDatabase } from './database.js';
import { custody } from './custody.js';
import { OBJECT_COLUMNS, readObjectRow } from './objectRows.js';
import type { StoredObjectRow } from './objectRows.js';
import type { ObjectLedger, ObjectState } from './port.js';
import { record } from './record.js';
import { readTallies } from './tallies.js';
import { storable } from './text.js';

const COUNT_IGNORED = `
INSERT INTO sluice.ignored AS known (rule, bucket, count, sample_key, last_at)
SELECT rule, bucket, sum(count), max(sample_key), now()
FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[]) AS t(rule, bucket, count, sample_key)
GROUP BY rule, bucket ORDER BY rule, bucket
ON CONFLICT (rule, bucket) DO UPDATE
SET count = known.count + excluded.count, sample_key = excluded.sample_key, last_at = excluded.last_at`;

/**
 * Per state, the condition whose index finds its objects without passing over all the others. States between batched and
 * judged are found through the unfinished batches, of which there are few.
 */
const IN_FLIGHT = `(o.object_id, o.month) IN (
  SELECT m.object_id, m.month FROM sluice.batches b JOIN sluice.batch_objects m ON m.batch_id = b.batch_id AND m.live
  WHERE b.state IN ('planned', 'compacted', 'held', 'judged') AND ($1::text IS NULL OR b.dataset = $1))`;
const STATE_INDEX: Readonly<Partial<Record<ObjectState, string>>> = {
  arrived: 'o.due_at IS NOT NULL',
  batched: IN_FLIGHT,
  compacted: IN_FLIGHT,
  held: IN_FLIGHT,
  judged: IN_FLIGHT,
  quarantined: 'o.code IS NOT NULL',
};

/** Records arrivals and tells what became of them. */
export function objectLedger(database: LedgerDatabase): ObjectLedger {
  return {
    record: (arrivals) => record(database, arrivals),
    async countIgnored(counts) {
      if (counts.length === 0) return;
      await database.changed(COUNT_IGNORED, [
        counts.map((one) => one.rule),
        counts.map((one) => one.bucket),
        counts.map((one) => one.count),
        counts.map((one) => storable(one.sampleKey)),
      ]);
    },
    async list({ dataset, state, limit }) {
      const found = state === undefined ? undefined : STATE_INDEX[state];
      const rows = await database.rows<StoredObjectRow>(
        `SELECT ${OBJECT_COLUMNS} FROM sluice.objects o
         WHERE ($1::text IS NULL OR o.dataset = $1) AND ($2::sluice.object_state IS NULL OR o.state = $2) AND ${found ?? 'true'}
         ORDER BY o.arrived_at DESC, o.object_id LIMIT $3`,
        [dataset ?? null, state ?? null, limit],
      );
      return rows.map(readObjectRow);
    },
    counts: () => readTallies(database),
    custody: (object) => custody(database, object),
  };
}
