import type { LedgerDatabase, Statements } from './database.js';
import { storable } from './text.js';
import type { Alert, AlertDelivery, AlertKind, AlertLedger, AlertReceiver, NewAlert } from './watchRecords.js';

/** The same thing again within a day belongs to the same trouble. */
const RAISE = `
INSERT INTO sluice.alerts AS a (alert_key, kind, dataset, name, facts)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::json[])
ON CONFLICT (alert_key) DO UPDATE SET times = a.times + 1, facts = excluded.facts, last_at = now(),
  first_at = CASE WHEN a.last_at < now() - interval '1 day' THEN now() ELSE a.first_at END`;

const RECEIVERS = `
receivers AS (SELECT r.sink, r.kinds, r.remind_ms FROM json_to_recordset($1) AS r(sink text, kinds jsonb, remind_ms bigint))`;

/** A receiver that is new is not told what is older than a day. */
const ADD_DELIVERIES = `
WITH ${RECEIVERS}
INSERT INTO sluice.alert_deliveries (alert_key, sink)
SELECT a.alert_key, r.sink FROM sluice.alerts a JOIN receivers r ON r.kinds ? a.kind
WHERE a.last_at > now() - interval '1 day'
ON CONFLICT DO NOTHING`;

const ALERT_COLUMNS = `a.alert_key, a.kind, a.dataset, a.name, a.facts, a.times, a.first_at, a.last_at`;

const TAKE_DUE = `
WITH ${RECEIVERS}, due AS (
  SELECT d.alert_key, d.sink FROM sluice.alert_deliveries d JOIN sluice.alerts a USING (alert_key) JOIN receivers r ON r.sink = d.sink
  WHERE a.times > d.told_times AND d.next_at <= now() AND r.kinds ? a.kind
    AND (d.told_at IS NULL OR d.told_at <= now() - r.remind_ms * interval '1 millisecond')
  ORDER BY a.first_at, d.alert_key, d.sink LIMIT $3 FOR UPDATE OF d SKIP LOCKED
)
UPDATE sluice.alert_deliveries d SET attempts = d.attempts + 1, next_at = now() + $2 * interval '1 millisecond'
FROM due JOIN sluice.alerts a USING (alert_key)
WHERE d.alert_key = due.alert_key AND d.sink = due.sink
RETURNING ${ALERT_COLUMNS}, d.sink, d.attempts, a.times - d.told_times AS news`;

const TOLD = `
UPDATE sluice.alert_deliveries SET told_times = greatest(told_times, $3), told_at = now(), attempts = 0, next_at = now(), gave_up = false, last_error = NULL
WHERE alert_key = $1 AND sink = $2`;

const NOT_TOLD = `
UPDATE sluice.alert_deliveries SET last_error = $3, next_at = now() + $4 * interval '1 millisecond' WHERE alert_key = $1 AND sink = $2`;

const GAVE_UP = `
UPDATE sluice.alert_deliveries SET last_error = $3, told_times = greatest(told_times, $4), told_at = now(), gave_up = true, attempts = 0
WHERE alert_key = $1 AND sink = $2`;

const TROUBLES = `
SELECT alert_key, sink, attempts, gave_up, last_error FROM sluice.alert_deliveries
WHERE sink = ANY($1) AND last_error IS NOT NULL ORDER BY gave_up DESC, alert_key, sink LIMIT 100`;

/** The outbox of alerts. */
export function alertLedger(database: LedgerDatabase): AlertLedger {
  return {
    raise: (alerts) => database.transaction((tx) => raiseAlerts(tx, alerts)),
    takeDue: (receivers, leaseMs, limit) => takeDue(database, receivers, { leaseMs, limit }),
    async told({ alert, sink }) {
      await database.changed(TOLD, [alert.key, sink, alert.times]);
    },
    async notTold({ alert, sink }, error, retryMs) {
      const why = storable(error);
      if (retryMs === undefined) await database.changed(GAVE_UP, [alert.key, sink, why, alert.times]);
      else await database.changed(NOT_TOLD, [alert.key, sink, why, retryMs]);
    },
    async troubles(sinks) {
      type Row = { alert_key: string; sink: string; attempts: number; gave_up: boolean; last_error: string };
      const rows = await database.rows<Row>(TROUBLES, [sinks]);
      return rows.map(({ alert_key, sink, attempts, gave_up, last_error }) => ({
        key: alert_key,
        sink,
        attempts,
        gaveUp: gave_up,
        error: last_error,
      }));
    },
    async recent(limit) {
      const text = `SELECT ${ALERT_COLUMNS} FROM sluice.alerts a ORDER BY a.last_at DESC LIMIT $1`;
      return (await database.rows<StoredAlert & Record<string, unknown>>(text, [limit])).map(readAlert);
    },
  };
}

/** Raises alerts within the transaction of their cause; the same key twice is one. Locks are taken in the order of the keys. */
export async function raiseAlerts(tx: Statements, alerts: readonly NewAlert[]): Promise<void> {
  const byKey = new Map(alerts.map((alert) => [alertKey(alert), alert]));
  const sorted = [...byKey].toSorted(([a], [b]) => (a < b ? -1 : 1));
  if (sorted.length === 0) return;
  await tx.changed(RAISE, [
    sorted.map(([key]) => storable(key, 500)),
    sorted.map(([, { kind }]) => kind),
    sorted.map(([, { dataset }]) => dataset),
    sorted.map(([, { name }]) => storable(name)),
    sorted.map(([, { facts }]) => JSON.stringify(facts, shorten)),
  ]);
}

/** Alerts that did not come again for 90 days go, with whom they reached. */
export async function forgetAlerts(statements: Statements): Promise<void> {
  await statements.changed("DELETE FROM sluice.alerts WHERE last_at < now() - interval '90 days'");
}

function shorten(_name: string, value: unknown): unknown {
  return typeof value === 'string' ? storable(value, 1_000) : value;
}

function alertKey({ kind, dataset, name }: NewAlert): string {
  return `${kind}/${dataset}/${name}`;
}

async function takeDue(
  database: LedgerDatabase,
  receivers: readonly AlertReceiver[],
  { leaseMs, limit }: { leaseMs: number; limit: number },
): Promise<readonly AlertDelivery[]> {
  const known = JSON.stringify(receivers.map(({ sink, kinds, remindMs }) => ({ sink, kinds, remind_ms: remindMs })));
  await database.changed(ADD_DELIVERIES, [known]);
  type Row = StoredAlert & { sink: string; attempts: number; news: number };
  const rows = await database.rows<Row & Record<string, unknown>>(TAKE_DUE, [known, leaseMs, limit]);
  return rows.map((row) => ({ alert: readAlert(row), sink: row.sink, attempt: row.attempts, news: row.news }));
}

interface StoredAlert {
  readonly alert_key: string;
  readonly kind: AlertKind;
  readonly dataset: string;
  readonly name: string;
  readonly facts: Alert['facts'];
  readonly times: number;
  readonly first_at: Date;
  readonly last_at: Date;
}

function readAlert({ alert_key, first_at, last_at, kind, dataset, name, facts, times }: StoredAlert): Alert {
  return { key: alert_key, kind, dataset, name, facts, times, firstAt: first_at, lastAt: last_at };
}
