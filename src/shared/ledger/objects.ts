import type { LedgerDatabase } from './database.js';
import { custody } from './custody.js';
import { listObjects } from './listObjects.js';
import type { ObjectLedger } from './port.js';
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
    list: (filter) => listObjects(database, filter),
    counts: () => readTallies(database),
    custody: (object) => custody(database, object),
  };
}
