import { asBatchId, newBatchId } from '../ids.js';
import type { Figure } from '../findings/figures.js';
import { raiseAlerts } from './alerts.js';
import type { LedgerDatabase, Statements } from './database.js';
import { noteDatasetFindings } from './datasetFindings.js';
import { storable } from './text.js';
import type {
  Anomaly,
  AnomalyAnswered,
  AnomalyData,
  AnomalyDecision,
  AnomalyLedger,
  NewAnomaly,
  Point,
  PointHistory,
} from './watchRecords.js';

const POINTS = `
SELECT p.batch_id, p.dataset, p.at, p.rows, p.figures FROM sluice.points p JOIN sluice.batches b USING (batch_id)
WHERE p.dataset = $1 AND (b.state IN ('judged', 'loaded', 'superseded') OR NOT p.held) ORDER BY p.batch_id DESC LIMIT $2`;

const ANOMALY_COLUMNS = 'anomaly_id, dataset, metric, column_name, subject, data, at, decided, decided_at, who, why';

/** Those of the points, and of each figure the newest that was accepted as its level. */
const ANOMALIES_SINCE = `
SELECT ${ANOMALY_COLUMNS} FROM sluice.anomalies WHERE dataset = $1 AND (subject >= $2 OR decided = 'normal')`;

const NOTE_POINT = `
INSERT INTO sluice.points (batch_id, dataset, at, rows, held, figures)
SELECT b.batch_id, b.dataset, $2, $3, b.state = 'held', $4 FROM sluice.batches b WHERE b.batch_id = $1
ON CONFLICT (batch_id) DO NOTHING`;

const NOTE_ANOMALIES = `
INSERT INTO sluice.anomalies (dataset, metric, column_name, subject, verdict, data)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::json[])
ON CONFLICT (dataset, metric, column_name, subject) DO NOTHING
RETURNING metric, column_name, subject`;

const LIST = `
SELECT ${ANOMALY_COLUMNS} FROM sluice.anomalies
WHERE ($1::text IS NULL OR dataset = $1) AND (NOT $2 OR decided IS NULL) ORDER BY anomaly_id DESC LIMIT $3`;

const ONE = `SELECT ${ANOMALY_COLUMNS} FROM sluice.anomalies WHERE anomaly_id = $1 FOR UPDATE`;

/** One word may cover the later open anomalies of the same figure: they are the same new level. */
const DECIDE = `
UPDATE sluice.anomalies SET decided = $2, decided_at = now(), who = $3, why = $4
WHERE anomaly_id = $1 OR ($2 = 'normal' AND decided IS NULL AND dataset = $5 AND metric = $6 AND column_name = $7 AND subject >= $8)`;

const UNOBSERVED = `
SELECT b.batch_id FROM sluice.batches b
WHERE b.dataset = $1 AND b.batch_id > $2 AND b.state IN ('held', 'judged', 'loaded', 'empty')
  AND NOT EXISTS (SELECT FROM sluice.points p WHERE p.batch_id = b.batch_id)
ORDER BY b.batch_id DESC LIMIT $3`;

const DAYS = `
WITH made AS (
  SELECT created_at, objects, (created_at AT TIME ZONE 'UTC')::date AS day, lead(created_at) OVER (ORDER BY batch_id) - created_at AS gap
  FROM sluice.batches WHERE dataset = $1 AND batch_id > $2
), span AS (
  SELECT generate_series(min(day), (now() AT TIME ZONE 'UTC')::date, interval '1 day')::date AS day FROM made
)
SELECT s.day::text AS day, coalesce(sum(m.objects), 0)::bigint AS objects, extract(epoch FROM max(m.gap)) * 1000 AS gap,
  (extract(epoch FROM now() - (SELECT max(created_at) FROM made)) * 1000)::float8 AS quiet,
  (SELECT max(day) FROM made)::text AS last_day, (now() AT TIME ZONE 'UTC')::date::text AS today
FROM span s LEFT JOIN made m USING (day) GROUP BY s.day ORDER BY s.day`;

/** What batches measured, and what of it is unusual. */
export function anomalyLedger(database: LedgerDatabase): AnomalyLedger {
  return {
    history: (dataset, limit) => readHistory(database, dataset, limit),
    notePoint: (point, anomalies) => notePoint(database, point, anomalies),
    noteAnomalies: (anomalies) => database.transaction((tx) => noteAnomalies(tx, anomalies)),
    noteDatasetFindings: (batch, findings) => noteDatasetFindings(database, batch, findings),
    async list({ dataset, open = false, limit }) {
      return (await database.rows<StoredAnomaly>(LIST, [dataset ?? null, open, limit])).map(readAnomaly);
    },
    acknowledge: (request) => database.transaction((tx) => acknowledge(tx, request)),
    async unobserved(dataset, limit) {
      const rows = await database.rows<{ batch_id: string }>(UNOBSERVED, [dataset, daysAgo(LOOK_BACK_DAYS), limit]);
      return rows.map(({ batch_id }) => asBatchId(batch_id));
    },
    arrivalDays: (dataset, days) => readDays(database, dataset, days),
  };
}

/** How far back batches without a point are looked for. */
const LOOK_BACK_DAYS = 120;

/** The least id of a batch made so many days ago. */
function daysAgo(days: number): string {
  return newBatchId(Date.now() - days * 864e5, (bytes) => Buffer.alloc(bytes));
}

interface StoredPoint extends Record<string, unknown> {
  readonly batch_id: string;
  readonly dataset: string;
  readonly at: Date;
  readonly rows: number;
  readonly figures: readonly Figure[];
}

async function readHistory(database: LedgerDatabase, dataset: string, limit: number): Promise<PointHistory> {
  const stored = await database.rows<StoredPoint>(POINTS, [dataset, limit]);
  const points = stored.map(({ batch_id, ...rest }) => ({ ...rest, batch: asBatchId(batch_id) }));
  const oldest = points.at(-1)?.batch ?? '';
  const anomalies = await database.rows<StoredAnomaly>(ANOMALIES_SINCE, [dataset, oldest]);
  return { points, anomalies: anomalies.map(readAnomaly) };
}

async function notePoint(
  database: LedgerDatabase,
  { batch, at, rows, figures }: Point,
  anomalies: readonly NewAnomaly[],
): Promise<boolean> {
  return database.transaction(async (tx) => {
    if ((await tx.changed(NOTE_POINT, [batch, at, rows, JSON.stringify(figures)])) === 0) return false;
    await noteAnomalies(tx, anomalies);
    return true;
  });
}

async function noteAnomalies(tx: Statements, found: readonly NewAnomaly[]): Promise<number> {
  if (found.length === 0) return 0;
  const anomalies = found.map((one) => ({ ...one, column: storable(one.column, 1_000) }));
  const fresh = await tx.rows<{ metric: string; column_name: string; subject: string }>(NOTE_ANOMALIES, [
    anomalies.map(({ dataset }) => dataset),
    anomalies.map(({ metric }) => metric),
    anomalies.map(({ column }) => column),
    anomalies.map(({ subject }) => subject),
    anomalies.map(({ data }) => data.verdict),
    anomalies.map(({ data }) => JSON.stringify(data)),
  ]);
  const told = anomalies.filter(({ metric, column, subject }) =>
    fresh.some((row) => row.metric === metric && row.column_name === column && row.subject === subject),
  );
  await raiseAlerts(
    tx,
    told.map(({ dataset, metric, column, subject, data }) => ({
      kind: 'anomaly',
      dataset,
      name: column === '' ? metric : `${metric} of ${column}`,
      facts: {
        subject,
        value: data.value,
        verdict: data.verdict,
        points: data.points,
        ...(data.centre === undefined ? {} : { usual: data.centre }),
      },
    })),
  );
  return told.length;
}

async function acknowledge(
  tx: Statements,
  { id, as, who, why }: { id: string; as: AnomalyDecision; who: string; why: string },
): Promise<AnomalyAnswered> {
  const [stored] = /^\d{1,18}$/.test(id) ? await tx.rows<StoredAnomaly>(ONE, [id]) : [];
  if (stored === undefined) return { kind: 'unknown' };
  const anomaly = readAnomaly(stored);
  if (anomaly.decided !== undefined) return { kind: 'already', anomaly };
  const { dataset, metric, column, subject } = anomaly;
  const said = [id, as, storable(who, 200), storable(why)];
  const decided = await tx.changed(DECIDE, [...said, dataset, metric, column, subject]);
  const [now = stored] = await tx.rows<StoredAnomaly>(ONE, [id]);
  return { kind: 'done', anomaly: readAnomaly(now), also: decided - 1 };
}

async function readDays(
  database: LedgerDatabase,
  dataset: string,
  days: number,
): ReturnType<AnomalyLedger['arrivalDays']> {
  type Row = {
    day: string;
    objects: number;
    gap: string | number | null;
    quiet: number;
    last_day: string;
    today: string;
  };
  const rows = await database.rows<Row>(DAYS, [dataset, daysAgo(days)]);
  const [first] = rows;
  return {
    days: rows.map(({ day, objects, gap }) => ({
      day,
      objects,
      ...(gap === null ? {} : { longestGapMs: Number(gap) }),
    })),
    today: first?.today ?? new Date().toISOString().slice(0, 10),
    ...(first === undefined ? {} : { quietMs: first.quiet, lastDay: first.last_day }),
  };
}

interface StoredAnomaly extends Record<string, unknown> {
  readonly anomaly_id: string | number;
  readonly dataset: string;
  readonly metric: string;
  readonly column_name: string;
  readonly subject: string;
  readonly data: AnomalyData;
  readonly at: Date;
  readonly decided: AnomalyDecision | null;
  readonly decided_at: Date | null;
  readonly who: string | null;
  readonly why: string | null;
}

function readAnomaly(row: StoredAnomaly): Anomaly {
  const { anomaly_id, dataset, metric, column_name, subject, data, at, decided, decided_at, who, why } = row;
  const head = { id: String(anomaly_id), dataset, metric, column: column_name, subject, data, at };
  if (decided === null || decided_at === null) return head;
  return { ...head, decided: { as: decided, at: decided_at, who: who ?? '', why: why ?? '' } };
}
