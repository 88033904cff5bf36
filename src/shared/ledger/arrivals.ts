import { objectId } from '../ids.js';
import type { LedgerDatabase } from './database.js';
import type { ArrivalLedger, ParkedMessage } from './port.js';
import { storable } from './text.js';

/** One look-up an identity. OFFSET keeps the planner from reading all identities for some of them. */
const MISSING = `
SELECT t.position::integer AS position FROM unnest($1::uuid[]) WITH ORDINALITY AS t(object_id, position)
WHERE NOT EXISTS (SELECT FROM sluice.identities i WHERE i.object_id = t.object_id AND NOT i.outdone OFFSET 0)`;

const TAKE_LISTING = `
INSERT INTO sluice.listings (name, holder) VALUES ($1, $2)
ON CONFLICT (name) DO UPDATE SET holder = excluded.holder
RETURNING begun_at, state`;

const SAVE_LISTING = 'UPDATE sluice.listings SET state = $3, saved_at = now() WHERE name = $1 AND holder = $2';

const COUNT_SINCE = `
SELECT count(*) AS objects FROM sluice.objects WHERE dataset = $1 AND arrived_at >= $3 AND source = $2`;

const PARK = `
INSERT INTO sluice.parked_messages (queue, message_id, code, reason, receives, body) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (queue, message_id) DO UPDATE SET receives = excluded.receives, code = excluded.code, reason = excluded.reason`;

const PARKED = `
SELECT queue, message_id, code, reason, receives, body, parked_at FROM sluice.parked_messages
ORDER BY parked_at DESC, message_id LIMIT $1`;

/** What finds arrivals that no event brought, and what could not be read. */
export function arrivalLedger(database: LedgerDatabase): ArrivalLedger {
  return {
    async missing(arrivals) {
      if (arrivals.length === 0) return [];
      const ids = arrivals.map(({ bucket, key, eTag, size }) => objectId({ bucket, key, eTag, size, generation: 0 }));
      const rows = await database.rows<{ position: number }>(MISSING, [ids], 'sluice_missing');
      return rows.flatMap(({ position }) => arrivals[position - 1] ?? []);
    },
    async takeListing(name, holder) {
      const [row] = await database.rows<{ begun_at: Date; state: unknown }>(TAKE_LISTING, [name, holder]);
      return { begunAt: row?.begun_at ?? new Date(), state: row?.state ?? undefined };
    },
    async saveListing(name, holder, state) {
      return (await database.changed(SAVE_LISTING, [name, holder, JSON.stringify(state)])) > 0;
    },
    async endListing(name, holder) {
      await database.changed('DELETE FROM sluice.listings WHERE name = $1 AND holder = $2', [name, holder]);
    },
    async countSince({ dataset, source, from }) {
      const [row] = await database.rows<{ objects: number }>(COUNT_SINCE, [dataset, source, from]);
      return row?.objects ?? 0;
    },
    async park({ queue, messageId, code, reason, receives, body }) {
      await database.changed(PARK, [queue, messageId, code, storable(reason), receives, storable(body)]);
    },
    async parked(limit) {
      const rows = await database.rows<
        Omit<ParkedMessage, 'messageId'> & { message_id: string; parked_at: Date; [column: string]: unknown }
      >(PARKED, [limit]);
      return rows.map(({ message_id: messageId, parked_at: parkedAt, ...row }) => ({ ...row, messageId, parkedAt }));
    },
  };
}
