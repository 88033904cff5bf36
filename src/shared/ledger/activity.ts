import type { LedgerDatabase } from './database.js';
import type { ActivityBin, IgnoredCount } from './port.js';

/** Loads committed since `from` (the targets' clocks), in bins of `binSeconds`; reads only the index entries of that time. */
export async function readActivity(
  database: LedgerDatabase,
  from: Date,
  binSeconds: number,
): Promise<readonly ActivityBin[]> {
  return database.rows<{ at: Date; loads: number; rows: number }>(
    `SELECT to_timestamp(floor(extract(epoch FROM committed_at) / $2::int) * $2::int) AS at, count(*) AS loads, sum(rows)::bigint AS rows
     FROM sluice.loads WHERE committed_at >= $1 GROUP BY 1 ORDER BY 1`,
    [from, binSeconds],
  );
}

/** What was set aside before any work. */
export async function readIgnored(database: LedgerDatabase): Promise<readonly IgnoredCount[]> {
  const rows = await database.rows<{ rule: string; bucket: string; count: number; sample_key: string; last_at: Date }>(
    'SELECT rule, bucket, count, sample_key, last_at FROM sluice.ignored ORDER BY count DESC, rule, bucket',
  );
  return rows.map(({ sample_key, last_at, ...rest }) => ({ ...rest, sampleKey: sample_key, lastAt: last_at }));
}
