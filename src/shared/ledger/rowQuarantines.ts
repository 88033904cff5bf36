import { assertNever } from '../errors.js';
import { asBatchId, asObjectId, asRowsId } from '../ids.js';
import type { LedgerDatabase, Statements } from './database.js';
import { addGenerations } from './generations.js';
import type { Manifest } from './manifest.js';
import type { Decision, DecisionAnswer, DecisionRequest, RowsAside, StepClaim } from './port.js';
import { noteDecision } from './setObjectsFree.js';
import { storable } from './text.js';

const ADD = `
INSERT INTO sluice.row_quarantines (dataset, partition, batch_id, object_id, artifact, rows, code, reason)
SELECT $1, $2, $3, object_id, $4, rows, code, reason
FROM unnest($5::uuid[], $6::bigint[], $7::text[], $8::text[]) AS t(object_id, rows, code, reason)
WHERE NOT EXISTS (SELECT FROM sluice.batch_objects m WHERE m.batch_id = $3 AND m.object_id = t.object_id AND m.carried)
  OR NOT EXISTS (SELECT FROM sluice.row_quarantines known WHERE known.object_id = t.object_id)`;

const READ = `
SELECT r.rows_id, r.dataset, r.partition, r.batch_id, r.object_id, r.artifact, r.rows, r.code, r.reason, r.state, r.next_object_id,
  r.created_at, o.bucket, o.key
FROM sluice.row_quarantines r
JOIN sluice.identities i ON i.object_id = r.object_id
LEFT JOIN sluice.objects o ON o.object_id = i.object_id AND o.month = i.month`;

const LIST = `${READ} WHERE r.state = 'quarantined' AND ($1::text IS NULL OR r.dataset = $1) ORDER BY r.created_at DESC, r.rows_id LIMIT $2`;
const ONE = `${READ} WHERE r.rows_id = $1`;
const OF_OBJECT = `${READ} WHERE r.object_id = $1 ORDER BY r.created_at`;
const LOCK = 'SELECT state FROM sluice.row_quarantines WHERE rows_id = $1 FOR UPDATE';
const END = 'UPDATE sluice.row_quarantines SET state = $2, next_object_id = $3 WHERE rows_id = $1';

const LAST = `
SELECT verb, at, who, why FROM sluice.decisions
WHERE object_id = $1 AND batch_id = $2 AND verb IN ('replay', 'discard') ORDER BY decision_id DESC LIMIT 1`;

interface StoredRows extends Record<string, unknown> {
  readonly rows_id: string;
  readonly dataset: string;
  readonly partition: string;
  readonly batch_id: string;
  readonly object_id: string;
  readonly artifact: string;
  readonly rows: number;
  readonly code: string;
  readonly reason: string;
  readonly state: RowsAside['state'];
  readonly next_object_id: string | null;
  readonly created_at: Date;
  readonly bucket: string | null;
  readonly key: string | null;
}

/** Notes the rows that a manifest sets aside, in compact's commit. Those of an object that an older batch brought stay under the id that they have. */
export async function addRowQuarantines(tx: Statements, claim: StepClaim, { aside }: Manifest): Promise<void> {
  for (const { artifact, objects } of aside ?? []) {
    await tx.changed(ADD, [
      claim.dataset,
      claim.partition,
      claim.batch,
      artifact.key,
      objects.map(({ object }) => object),
      objects.map(({ rows }) => rows),
      objects.map(({ code }) => code),
      objects.map(({ reason }) => storable(reason)),
    ]);
  }
}

/** Rows that nobody decided about, the newest first. */
export async function listRowsAside(
  statements: Statements,
  { dataset, limit }: { readonly dataset?: string; readonly limit: number },
): Promise<readonly RowsAside[]> {
  return (await statements.rows<StoredRows>(LIST, [dataset ?? null, limit])).map(readRows);
}

/** The rows set aside under an id of their own, or those of an object. */
export async function findRowsAside(statements: Statements, id: string): Promise<readonly RowsAside[]> {
  const own = await statements.rows<StoredRows>(ONE, [id]);
  return (own.length > 0 ? own : await statements.rows<StoredRows>(OF_OBJECT, [id])).map(readRows);
}

/** Under mode replace a row that came as a file of its own would stand beside the same row of its file, read again. */
const OF_REPLACE = 'SELECT supersedes IS NOT NULL AS replaces FROM sluice.batches WHERE batch_id = $1';

/**
 * Takes a decision about rows that were set aside, once: replayed, they go their way as an object of their own, to which no rule about
 * overwrites and duplicates applies; discarded, they stay what they are in the account of their object. Undefined: no such rows.
 */
export async function decideRows(
  database: LedgerDatabase,
  request: DecisionRequest,
): Promise<DecisionAnswer | undefined> {
  return database.transaction(async (tx) => {
    const [locked] = await tx.rows<{ state: RowsAside['state'] }>(LOCK, [request.id]);
    const [rows] = locked === undefined ? [] : await findRowsAside(tx, request.id);
    if (rows === undefined) return undefined;
    if (rows.state !== 'quarantined') return decidedBefore(tx, rows);
    switch (request.verb) {
      case 'release':
        return { kind: 'refused', reason: 'expected rows that fit, got rows that do not: mend the schema and replay' };
      case 'discard':
        await tx.changed(END, [request.id, 'discarded', null]);
        await noteDecision(tx, request, [rows]);
        return { kind: 'done', next: [], partitions: [], steps: [] };
      case 'replay':
        return replay(tx, rows, request);
      default:
        return assertNever(request.verb);
    }
  });
}

async function replay(tx: Statements, rows: RowsAside, request: DecisionRequest): Promise<DecisionAnswer> {
  const { rowsFile } = request;
  if (rowsFile === undefined) return { kind: 'refused', reason: 'expected a file of the rows, got none' };
  const { dataset, partition } = rows;
  const [of] = await tx.rows<{ replaces: boolean }>(OF_REPLACE, [rows.batch]);
  if (of?.replaces === true)
    return {
      kind: 'refused',
      reason:
        'expected rows of a file that is read once, got some of mode replace: the next batch of their partition reads the file again under the rules of then; write it anew to have one',
    };
  const [next] = await addGenerations(tx, [{ ...rowsFile, dataset, partition, source: 'replay', waived: true }]);
  await tx.changed(END, [request.id, 'replayed', next ?? null]);
  await noteDecision(tx, request, [next === undefined ? rows : { ...rows, next }]);
  return {
    kind: 'done',
    next: next === undefined ? [] : [next],
    partitions: [{ dataset, partition }],
    steps: [],
  };
}

async function decidedBefore(tx: Statements, { object, batch }: RowsAside): Promise<DecisionAnswer> {
  type Last = Pick<Decision, 'verb' | 'at' | 'who' | 'why'> & Record<string, unknown>;
  const [last] = await tx.rows<Last>(LAST, [object, batch]);
  if (last === undefined) return { kind: 'refused', reason: 'expected rows in quarantine, got some that are not' };
  const { verb, at, who, why } = last;
  return { kind: 'already', decision: { verb, at, who, why, batch, object } };
}

function readRows(row: StoredRows): RowsAside {
  return {
    rowsId: asRowsId(row.rows_id),
    dataset: row.dataset,
    partition: row.partition,
    batch: asBatchId(row.batch_id),
    object: asObjectId(row.object_id),
    artifact: row.artifact,
    rows: row.rows,
    code: row.code,
    reason: row.reason,
    state: row.state,
    createdAt: row.created_at,
    ...(row.next_object_id === null ? {} : { nextObject: asObjectId(row.next_object_id) }),
    ...(row.bucket === null || row.key === null ? {} : { bucket: row.bucket, key: row.key }),
  };
}
