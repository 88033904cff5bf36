import type { LedgerDatabase } from './database.js';
import { PENDING_PARTITIONS } from './pendingPartitions.js';
import type { ArrivedDemand, Pace, ScaleLedger, StepDemand } from './scaleRecords.js';
import { readTallies } from './tallies.js';

/** A step that is tried again later asks for nobody yet. What is held counts half: on average half of it is done. */
const STEPS = `
SELECT s.step, count(*) FILTER (WHERE s.lease_until IS NULL OR s.lease_until <= now()) AS waiting,
  count(*) FILTER (WHERE s.lease_until > now()) AS held,
  coalesce(sum(CASE WHEN s.lease_until > now() THEN b.bytes_in / 2 ELSE b.bytes_in END), 0)::bigint AS bytes,
  coalesce(sum(CASE WHEN s.lease_until > now() THEN b.objects / 2 ELSE b.objects END), 0)::bigint AS objects,
  extract(epoch FROM now() - min(b.created_at) FILTER (WHERE s.lease_until IS NULL OR s.lease_until <= now()))::float8 AS age
FROM sluice.steps s JOIN sluice.batches b USING (batch_id)
WHERE s.state = 'pending' AND (s.not_before IS NULL OR s.not_before <= now()) GROUP BY s.step`;

const DUE_PLANS = `
${PENDING_PARTITIONS}, due AS (
  SELECT dataset, greatest(pending.due_at, CASE WHEN p.dispatched THEN NULL ELSE p.plan_at END) AS at
  FROM pending LEFT JOIN sluice.partitions p USING (dataset, partition)
)
SELECT dataset, extract(epoch FROM now() - min(at))::float8 AS age FROM due WHERE at <= now() GROUP BY dataset`;

const NOTE = `
INSERT INTO sluice.paces AS known (kind, at, jobs, busy_seconds, bytes, objects)
SELECT * FROM unnest($1::text[], array_fill(date_trunc('minute', now()), ARRAY[cardinality($1::text[])]), $2::bigint[], $3::float8[], $4::bigint[], $5::bigint[])
ORDER BY 1
ON CONFLICT (kind, at) DO UPDATE SET jobs = known.jobs + excluded.jobs, busy_seconds = known.busy_seconds + excluded.busy_seconds,
  bytes = known.bytes + excluded.bytes, objects = known.objects + excluded.objects`;

/** The newest ten minutes in which a kind did anything, at most a day old. */
const PACES = `
SELECT kind, sum(jobs)::bigint AS jobs, sum(busy_seconds) AS "busySeconds", sum(bytes)::bigint AS bytes, sum(objects)::bigint AS objects
FROM (SELECT *, row_number() OVER (PARTITION BY kind ORDER BY at DESC) AS nth FROM sluice.paces WHERE at > now() - interval '1 day') AS newest
WHERE nth <= 10 GROUP BY kind`;

const FORGET = `DELETE FROM sluice.paces WHERE at < now() - interval '2 days'`;

/** What the autoscaler's signal reads. */
export function scaleLedger(database: LedgerDatabase): ScaleLedger {
  return {
    async steps() {
      const rows = await database.rows<Omit<StepDemand, 'oldestSeconds'> & { age: number | null }>(STEPS);
      return rows.map(({ age, ...rest }) => ({ ...rest, oldestSeconds: Math.max(0, age ?? 0) }));
    },
    arrived: () => readArrived(database),
    async notePaces(paces) {
      if (paces.length === 0) return;
      const column = (read: (pace: Pace) => number) => paces.map((pace) => Math.round(read(pace)));
      await database.changed(NOTE, [
        paces.map(({ kind }) => kind),
        column(({ jobs }) => jobs),
        paces.map(({ busySeconds }) => busySeconds),
        column(({ bytes }) => bytes),
        column(({ objects }) => objects),
      ]);
    },
    paces: () => database.rows<Pace & Record<string, unknown>>(PACES),
    forgetPaces: () => database.changed(FORGET),
  };
}

/** The tallies know bytes a dataset, not a partition: what of a dataset waits in partitions that are not due yet is counted with the others. */
async function readArrived(database: LedgerDatabase): Promise<readonly ArrivedDemand[]> {
  const due = await database.rows<{ dataset: string; age: number }>(DUE_PLANS);
  if (due.length === 0) return [];
  const tallies = new Map(
    (await readTallies(database)).filter(({ state }) => state === 'arrived').map((tally) => [tally.dataset, tally]),
  );
  return due.map(({ dataset, age }) => {
    const { objects = 0, bytes = 0 } = tallies.get(dataset) ?? {};
    return { dataset, objects, bytes, oldestSeconds: Math.max(0, age) };
  });
}
