import { asBatchId, batchIdAfter } from '../ids.js';
import type { BatchId } from '../ids.js';
import { raiseAlerts } from './alerts.js';
import { addSteps, LOCK_PENDING } from './commitPlan.js';
import type { LedgerDatabase, Statements } from './database.js';
import type { PartitionRef, ReplaceAnswer, ReplaceCaps, ReplaceLedger, ReplaceRequest } from './port.js';

const ONE_AT_A_TIME = `SELECT pg_advisory_xact_lock(hashtextextended('sluice replace ' || $1, 0))`;

/** Given up: a step failed and no other is open. What had no table to load is at its end. */
const UNFINISHED = `
SELECT b.batch_id, b.partition, b.state = 'held' AS held,
  EXISTS (SELECT FROM sluice.loads l WHERE l.batch_id = b.batch_id) AS loaded,
  EXISTS (SELECT FROM sluice.steps s WHERE s.batch_id = b.batch_id AND s.state = 'failed')
    AND NOT EXISTS (SELECT FROM sluice.steps s WHERE s.batch_id = b.batch_id AND s.state = 'pending') AS given_up
FROM sluice.batches b
WHERE b.dataset = $1 AND ($2::text IS NULL OR b.partition = $2) AND b.state IN ('planned', 'compacted', 'held', 'judged')
  AND EXISTS (SELECT FROM sluice.steps s WHERE s.batch_id = b.batch_id AND s.state <> 'done')`;

/** Whether a later partition by name waits to be planned (what becomes of it is not known before it is judged), and the last one that has rows. */
const LATER = `
SELECT EXISTS (SELECT FROM sluice.objects WHERE dataset = $1 AND due_at IS NOT NULL AND partition COLLATE "C" > $2) AS coming,
  (SELECT max(b.partition COLLATE "C") FROM sluice.batches b
   WHERE b.dataset = $1 AND b.partition COLLATE "C" > $2 AND b.state IN ('judged', 'loaded')
     AND EXISTS (SELECT FROM sluice.batch_objects m WHERE m.batch_id = b.batch_id AND m.live)) AS there`;

/** Of batches that a table has: those of one that gave up with another table are judged. */
const LIVE = `
FROM sluice.batches b
JOIN sluice.batch_objects m ON m.batch_id = b.batch_id AND m.live
JOIN sluice.objects o ON o.object_id = m.object_id AND o.month = m.month
WHERE b.dataset = $1 AND b.partition = $2 AND b.state IN ('judged', 'loaded') AND o.state IN ('judged', 'loaded')`;

/** `overwritten`: one of $3 has its key, so that its bytes are read once at most. */
const LIVE_OBJECTS = `
SELECT o.object_id, o.month::text AS month, o.size, EXISTS (
    SELECT FROM sluice.identities i JOIN sluice.objects n ON n.object_id = i.object_id AND n.month = i.month
    WHERE i.object_id = ANY($3::uuid[]) AND n.bucket = o.bucket AND n.key = o.key
  ) AS overwritten ${LIVE} ORDER BY o.arrived_at, o.object_id`;

/** Without them the partition is not whole. */
const LEFT_OUT = `
SELECT count(*)::int AS n FROM sluice.objects WHERE dataset = $1 AND partition = $2 AND state = 'quarantined' AND code = 'SCOPE_TOO_LARGE'`;

const NEWEST = 'SELECT batch_id FROM sluice.batches WHERE dataset = $1 ORDER BY batch_id DESC LIMIT 1';

const ADD_BATCH = `
INSERT INTO sluice.batches (batch_id, dataset, partition, config_hash, objects, bytes_in, supersedes) VALUES ($1, $2, $3, $4, $5, $6, $7)`;

const ADD_MEMBERS = `
INSERT INTO sluice.batch_objects (batch_id, object_id, month, position, live, carried)
SELECT $1, object_id, month, position, NOT carried, carried
FROM unnest($2::uuid[], $3::date[], $4::boolean[]) WITH ORDINALITY AS t(object_id, month, carried, position)`;

const TAKE = `
UPDATE sluice.objects o SET state = 'batched', batch_id = $1, due_at = NULL
FROM unnest($2::uuid[], $3::date[]) AS t(object_id, month) WHERE o.object_id = t.object_id AND o.month = t.month`;

const SET_ASIDE = `
UPDATE sluice.objects o SET state = $4, code = $5, reason = $6, due_at = NULL
FROM unnest($1::uuid[], $2::date[]) AS t(object_id, month)
WHERE o.object_id = t.object_id AND o.month = t.month AND o.dataset = $3`;

interface Member extends Record<string, unknown> {
  readonly object_id: string;
  readonly month: string;
  readonly size: number;
  readonly overwritten?: boolean;
}

interface Unfinished extends Record<string, unknown> {
  readonly batch_id: string;
  readonly partition: string;
  readonly held: boolean;
  readonly loaded: boolean;
  readonly given_up: boolean;
}

/** Plans batches that supersede older ones. */
export function replaceLedger(database: LedgerDatabase): ReplaceLedger {
  return {
    commitReplace: (request) => database.transaction((tx) => commitReplace(tx, request)),
  };
}

async function commitReplace(tx: Statements, request: ReplaceRequest): Promise<ReplaceAnswer> {
  const { place, scope, batch, caps } = request;
  await tx.rows(ONE_AT_A_TIME, [place.dataset]);
  const unfinished = await readUnfinished(tx, place, scope);
  if (unfinished?.kind === 'busy' || unfinished?.kind === 'stalled') return unfinished;
  const own = await tx.rows<Member>(LOCK_PENDING, [batch.objects, place.dataset, place.partition]);
  if (own.length < batch.objects.length || own.length === 0) return { kind: 'void' };
  if (unfinished !== undefined) return setOlderAside(tx, place, own, unfinished.by);
  const later = scope === 'table' ? await readLater(tx, place) : undefined;
  if (later?.coming === true) return { kind: 'busy' };
  if (typeof later?.there === 'string') {
    const reason = `expected the last partition of the dataset, got one before ${later.there}, which the table has`;
    await setAside(tx, place, { own, state: 'superseded', code: 'SCOPE_OUTDATED', reason });
    return { kind: 'outdated', by: later.there };
  }
  const carried = await tx.rows<Member>(LIVE_OBJECTS, [
    place.dataset,
    place.partition,
    own.map((one) => one.object_id),
  ]);
  const large = await refuseLarge(tx, place, { own, carried, caps });
  if (large !== undefined) return large;
  const id = await nextId(tx, place, batch.batch);
  await addBatch(tx, { ...request, batch: { ...batch, batch: id } }, { own, carried });
  const first = { batch: id, step: 'compact', target: '', table: '', dataset: place.dataset, dispatch: 1 } as const;
  return { kind: 'planned', batch: id, steps: [first], carried: carried.length };
}

/**
 * What keeps a batch of the scope from being planned now. `undecided`: a later partition of a table that is replaced whole stands still;
 * it would be late behind this one, so somebody has to decide about it first.
 */
async function readUnfinished(
  tx: Statements,
  { dataset, partition }: PartitionRef,
  scope: ReplaceRequest['scope'],
): Promise<Extract<ReplaceAnswer, { kind: 'busy' | 'stalled' }> | { kind: 'undecided'; by: string } | undefined> {
  const rows = await tx.rows<Unfinished>(UNFINISHED, [dataset, scope === 'table' ? null : partition]);
  if (rows.some(({ held, given_up: givenUp }) => !held && !givenUp)) return { kind: 'busy' };
  const stalled = rows.filter(({ loaded }) => !loaded);
  const later = stalled.find((row) => row.partition > partition);
  if (later !== undefined) return { kind: 'undecided', by: later.partition };
  return stalled.length === 0 ? undefined : { kind: 'stalled', batches: stalled.map((row) => asBatchId(row.batch_id)) };
}

async function setOlderAside(
  tx: Statements,
  place: PartitionRef,
  own: readonly Member[],
  by: string,
): Promise<ReplaceAnswer> {
  const reason = `expected the last partition of the dataset, got one before ${by}, whose batch is held or gave up: decide about that one, then replay`;
  await setAside(tx, place, { own, state: 'quarantined', code: 'SCOPE_OUTDATED', reason });
  await tellAside(tx, place, { own, code: 'SCOPE_OUTDATED', reason });
  return { kind: 'outdated', by };
}

async function readLater(
  tx: Statements,
  { dataset, partition }: PartitionRef,
): Promise<{ readonly coming: boolean; readonly there: string | null } | undefined> {
  const [row] = await tx.rows<{ coming: boolean; there: string | null }>(LATER, [dataset, partition]);
  return row;
}

interface Members {
  readonly own: readonly Member[];
  readonly carried: readonly Member[];
}

async function refuseLarge(
  tx: Statements,
  place: PartitionRef,
  { own, carried, caps }: Members & { readonly caps: ReplaceCaps },
): Promise<ReplaceAnswer | undefined> {
  const stay = carried.filter(({ overwritten }) => overwritten !== true);
  const files = own.length + stay.length;
  const bytes = [...own, ...stay].reduce((sum, { size }) => sum + size, 0);
  const [left] = await tx.rows<{ n: number }>(LEFT_OUT, [place.dataset, place.partition]);
  const isLarge = files > caps.maxFiles || bytes > caps.maxBytes;
  if (!isLarge && (left?.n ?? 0) === 0) return undefined;
  const where = place.partition === '' ? 'the dataset' : `partition ${place.partition}`;
  const reason = isLarge
    ? `expected at most ${caps.maxFiles} files and ${caps.maxBytes} bytes in ${where}, which is one batch, got ${files} and ${bytes}`
    : `expected all files of ${where}, which is one batch, got ${left?.n} in quarantine as too large: replay them together`;
  await setAside(tx, place, { own, state: 'quarantined', code: 'SCOPE_TOO_LARGE', reason });
  await tellAside(tx, place, { own, code: 'SCOPE_TOO_LARGE', reason });
  return { kind: 'tooLarge', files, bytes };
}

interface Aside {
  readonly own: readonly Member[];
  readonly state: 'superseded' | 'quarantined';
  readonly code: 'SCOPE_OUTDATED' | 'SCOPE_TOO_LARGE';
  readonly reason: string;
}

async function setAside(tx: Statements, { dataset }: PartitionRef, { own, state, code, reason }: Aside): Promise<void> {
  await tx.changed(SET_ASIDE, [
    own.map((one) => one.object_id),
    own.map(({ month }) => month),
    dataset,
    state,
    code,
    reason,
  ]);
}

async function tellAside(
  tx: Statements,
  { dataset }: PartitionRef,
  { own, code, reason }: Omit<Aside, 'state'>,
): Promise<void> {
  const facts = { count: `${own.length} ${own.length === 1 ? 'object' : 'objects'}`, reason };
  await raiseAlerts(tx, [{ kind: 'quarantine', dataset, name: code, facts }]);
}

/** Behind every batch of the dataset: clocks of workers differ, and the targets let the greatest id stand. */
async function nextId(tx: Statements, { dataset }: PartitionRef, wanted: BatchId): Promise<BatchId> {
  const [newest] = await tx.rows<{ batch_id: string }>(NEWEST, [dataset]);
  return newest === undefined || newest.batch_id < wanted ? wanted : batchIdAfter(asBatchId(newest.batch_id));
}

async function addBatch(
  tx: Statements,
  { place, scope, batch }: ReplaceRequest,
  { own, carried }: Members,
): Promise<void> {
  const byId = new Map(own.map((one) => [one.object_id, one]));
  const mine = batch.objects.flatMap((object) => byId.get(object) ?? []);
  const bytes = mine.reduce((sum, { size }) => sum + size, 0);
  await tx.changed(ADD_BATCH, [
    batch.batch,
    place.dataset,
    place.partition,
    batch.configHash,
    mine.length,
    bytes,
    scope,
  ]);
  const members = [...mine, ...carried];
  await tx.changed(ADD_MEMBERS, [
    batch.batch,
    members.map((one) => one.object_id),
    members.map(({ month }) => month),
    members.map((_, index) => index >= mine.length),
  ]);
  await tx.changed(TAKE, [batch.batch, mine.map((one) => one.object_id), mine.map(({ month }) => month)]);
  await addSteps(tx, place, [batch]);
}
