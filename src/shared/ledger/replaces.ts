import { asBatchId, batchIdAfter } from '../ids.js';
import type { BatchId } from '../ids.js';
import { raiseAlerts } from './alerts.js';
import { addSteps, LOCK_PENDING } from './commitPlan.js';
import type { LedgerDatabase, Statements } from './database.js';
import type { PartitionRef, ReplaceAnswer, ReplaceCaps, ReplaceLedger, ReplaceRequest } from './port.js';

const ONE_AT_A_TIME = `SELECT pg_advisory_xact_lock(hashtextextended('sluice replace ' || $1, 0))`;

/** Given up: a step failed and no other is open. What had no table to load is at its end. */
const UNFINISHED = `
SELECT b.batch_id, b.state = 'held' AS held,
  EXISTS (SELECT FROM sluice.loads l WHERE l.batch_id = b.batch_id) AS loaded,
  EXISTS (SELECT FROM sluice.steps s WHERE s.batch_id = b.batch_id AND s.state = 'failed')
    AND NOT EXISTS (SELECT FROM sluice.steps s WHERE s.batch_id = b.batch_id AND s.state = 'pending') AS given_up
FROM sluice.batches b
WHERE b.dataset = $1 AND ($2::text IS NULL OR b.partition = $2) AND b.state IN ('planned', 'compacted', 'held', 'judged')
  AND EXISTS (SELECT FROM sluice.steps s WHERE s.batch_id = b.batch_id AND s.state <> 'done')`;

/** The last partition by name that a batch stands for, or that waits to be planned. */
const LAST_PARTITION = `
SELECT max(partition) AS partition FROM (
  (SELECT partition FROM sluice.batches WHERE dataset = $1 AND state IN ('planned', 'compacted', 'judged', 'loaded') ORDER BY partition DESC LIMIT 1)
  UNION ALL
  (SELECT partition FROM sluice.objects WHERE dataset = $1 AND due_at IS NOT NULL ORDER BY partition DESC LIMIT 1)
) known`;

/** Of batches that a table has: those of one that gave up with another table are judged. */
const LIVE = `
FROM sluice.batches b
JOIN sluice.batch_objects m ON m.batch_id = b.batch_id AND m.live
JOIN sluice.objects o ON o.object_id = m.object_id AND o.month = m.month
WHERE b.dataset = $1 AND b.partition = $2 AND b.state IN ('judged', 'loaded') AND o.state IN ('judged', 'loaded')`;

const LIVE_OBJECTS = `SELECT o.object_id, o.month::text AS month, o.size ${LIVE} ORDER BY o.arrived_at, o.object_id`;

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
  const stands = await readUnfinished(tx, place, scope);
  if (stands !== undefined) return stands;
  const own = await tx.rows<Member>(LOCK_PENDING, [batch.objects, place.dataset, place.partition]);
  if (own.length < batch.objects.length || own.length === 0) return { kind: 'void' };
  const last = scope === 'table' ? await lastPartition(tx, place) : place.partition;
  if (last !== place.partition) {
    const reason = `expected the last partition of the dataset, got one before ${last}, which the table has or will have`;
    await setAside(tx, place, { own, state: 'superseded', code: 'SCOPE_OUTDATED', reason });
    return { kind: 'outdated', by: last };
  }
  const carried = await tx.rows<Member>(LIVE_OBJECTS, [place.dataset, place.partition]);
  const large = await refuseLarge(tx, place, { own, carried, caps });
  if (large !== undefined) return large;
  const id = await nextId(tx, place, batch.batch);
  await addBatch(tx, { ...request, batch: { ...batch, batch: id } }, { own, carried });
  const first = { batch: id, step: 'compact', target: '', table: '', dataset: place.dataset, dispatch: 1 } as const;
  return { kind: 'planned', batch: id, steps: [first], carried: carried.length };
}

/** Whether something keeps a batch of the scope from being planned now. */
async function readUnfinished(
  tx: Statements,
  { dataset, partition }: PartitionRef,
  scope: ReplaceRequest['scope'],
): Promise<ReplaceAnswer | undefined> {
  const rows = await tx.rows<{ batch_id: string; held: boolean; loaded: boolean; given_up: boolean }>(UNFINISHED, [
    dataset,
    scope === 'table' ? null : partition,
  ]);
  if (rows.some(({ held, given_up: givenUp }) => !held && !givenUp)) return { kind: 'busy' };
  const stalled = rows.filter(({ loaded }) => !loaded).map((row) => asBatchId(row.batch_id));
  return stalled.length === 0 ? undefined : { kind: 'stalled', batches: stalled };
}

async function lastPartition(tx: Statements, { dataset, partition }: PartitionRef): Promise<string> {
  const [row] = await tx.rows<{ partition: string | null }>(LAST_PARTITION, [dataset]);
  const last = row?.partition ?? partition;
  return last > partition ? last : partition;
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
  const files = own.length + carried.length;
  const bytes = [...own, ...carried].reduce((sum, { size }) => sum + size, 0);
  if (files <= caps.maxFiles && bytes <= caps.maxBytes) return undefined;
  const where = place.partition === '' ? 'the dataset' : `partition ${place.partition}`;
  const reason = `expected at most ${caps.maxFiles} files and ${caps.maxBytes} bytes in ${where}, which is one batch, got ${files} and ${bytes}`;
  await setAside(tx, place, { own, state: 'quarantined', code: 'SCOPE_TOO_LARGE', reason });
  const facts = { count: `${own.length} ${own.length === 1 ? 'object' : 'objects'}`, reason };
  await raiseAlerts(tx, [{ kind: 'quarantine', dataset: place.dataset, name: 'SCOPE_TOO_LARGE', facts }]);
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
