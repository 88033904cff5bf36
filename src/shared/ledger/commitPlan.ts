import type { LedgerDatabase, Statements } from './database.js';
import { STEPS } from './port.js';
import type { PartitionRef, PlannedBatch, StepDispatch, StepRef } from './port.js';

/** Locks, in order of their ids, those of the wanted objects that are still pending in the partition. */
export const LOCK_PENDING = `
SELECT o.object_id, o.month::text AS month, o.size
FROM unnest($1::uuid[]) AS wanted(object_id)
JOIN sluice.identities i ON i.object_id = wanted.object_id
JOIN sluice.objects o ON o.object_id = i.object_id AND o.month = i.month
WHERE o.due_at IS NOT NULL AND o.dataset = $2 AND o.partition = $3
ORDER BY o.object_id FOR UPDATE OF o`;

const ADD_BATCHES = `
INSERT INTO sluice.batches (batch_id, dataset, partition, config_hash, objects, bytes_in)
SELECT batch_id, $1, $2, config_hash, objects, bytes
FROM unnest($3::uuid[], $4::text[], $5::integer[], $6::bigint[]) AS t(batch_id, config_hash, objects, bytes)`;

const TAKE_OBJECTS = `
WITH member AS (
  SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::date[], $4::integer[]) AS t(batch_id, object_id, month, position)
), linked AS (
  INSERT INTO sluice.batch_objects (batch_id, object_id, month, position) SELECT batch_id, object_id, month, position FROM member
)
UPDATE sluice.objects o SET state = 'batched', batch_id = member.batch_id, due_at = NULL
FROM member WHERE o.object_id = member.object_id AND o.month = member.month`;

const ADD_STEPS = `
INSERT INTO sluice.steps (batch_id, step, target, table_name, dataset, partition, rank, state, dispatch, dispatched_at)
SELECT batch_id, step, target, table_name, $1, $2, rank,
  (CASE rank WHEN 1 THEN 'pending' ELSE 'waiting' END)::sluice.step_state, CASE rank WHEN 1 THEN 1 ELSE 0 END, CASE rank WHEN 1 THEN now() END
FROM unnest($3::uuid[], $4::text[], $5::text[], $6::text[], $7::smallint[]) AS t(batch_id, step, target, table_name, rank)`;

interface Pending {
  readonly month: string;
  readonly size: number;
}

/**
 * Commits batches in one transaction, each whole or not at all: one that wants an object which another plan took meanwhile is
 * void. Calling again after a lost answer changes nothing and returns no step; the reconciler dispatches those of the first call.
 */
export async function commitPlan(
  database: LedgerDatabase,
  { dataset, partition }: PartitionRef,
  batches: readonly PlannedBatch[],
): Promise<readonly StepDispatch[]> {
  const wanted = batches.flatMap((batch) => batch.objects);
  if (wanted.length === 0) return [];
  return database.transaction(async (tx) => {
    const rows = await tx.rows<Pending & { object_id: string }>(LOCK_PENDING, [wanted, dataset, partition]);
    const pending = new Map<string, Pending>(rows.map((row) => [row.object_id, row]));
    const whole = batches.filter(
      (batch) => batch.objects.length > 0 && batch.objects.every((object) => pending.has(object)),
    );
    if (whole.length === 0) return [];
    await addBatches(tx, { dataset, partition }, { whole, pending });
    await takeObjects(tx, whole, pending);
    await addSteps(tx, { dataset, partition }, whole);
    return whole.map(({ batch }) => ({ batch, step: 'compact', target: '', table: '', dataset, dispatch: 1 }) as const);
  });
}

async function addBatches(
  tx: Statements,
  { dataset, partition }: PartitionRef,
  { whole, pending }: { whole: readonly PlannedBatch[]; pending: ReadonlyMap<string, Pending> },
): Promise<void> {
  await tx.changed(ADD_BATCHES, [
    dataset,
    partition,
    whole.map((batch) => batch.batch),
    whole.map((batch) => batch.configHash),
    whole.map((batch) => batch.objects.length),
    whole.map((batch) => batch.objects.reduce((sum, object) => sum + (pending.get(object)?.size ?? 0), 0)),
  ]);
}

async function takeObjects(
  tx: Statements,
  whole: readonly PlannedBatch[],
  pending: ReadonlyMap<string, Pending>,
): Promise<void> {
  const members = whole.flatMap(({ batch, objects }) =>
    objects.map((object, position) => ({ batch, object, position })),
  );
  await tx.changed(TAKE_OBJECTS, [
    members.map((member) => member.batch),
    members.map((member) => member.object),
    members.map((member) => pending.get(member.object)?.month),
    members.map((member) => member.position),
  ]);
}

/** Adds the steps of batches; the first of each is dispatched. */
export async function addSteps(
  tx: Statements,
  { dataset, partition }: PartitionRef,
  whole: readonly PlannedBatch[],
): Promise<void> {
  const steps = whole.flatMap(stepsOf);
  await tx.changed(ADD_STEPS, [
    dataset,
    partition,
    steps.map((step) => step.batch),
    steps.map((step) => step.step),
    steps.map((step) => step.target),
    steps.map((step) => step.table),
    steps.map((step) => STEPS.indexOf(step.step) + 1),
  ]);
}

function stepsOf({ batch, loads }: PlannedBatch): readonly StepRef[] {
  return STEPS.flatMap((step): readonly StepRef[] =>
    step === 'load'
      ? loads.map(({ target, table }) => ({ batch, step, target, table }))
      : [{ batch, step, target: '', table: '' }],
  );
}
