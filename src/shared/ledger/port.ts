import type { BatchId, ObjectId } from '../ids.js';
import type { Column } from '../schema/columns.js';
import type { ErrorCode } from '../errors.js';
import type { Manifest } from './manifest.js';

/** An object's way, forward only. `held`: its batch waits for a release. `superseded`: a newer version took its place. */
export const OBJECT_STATES = [
  'arrived',
  'batched',
  'compacted',
  'held',
  'judged',
  'loaded',
  'quarantined',
  'ignored',
  'superseded',
] as const;
export type ObjectState = (typeof OBJECT_STATES)[number];

/** A batch's way, forward only. `empty`: every object of it was quarantined, released or without rows to load. `failed`: a step gave up; a person or `sluice run` tries again. */
export const BATCH_STATES = ['planned', 'compacted', 'held', 'judged', 'loaded', 'empty'] as const;
export type BatchState = (typeof BATCH_STATES)[number];

/** The steps of a batch in their order; `load` has one row per target table. */
export const STEPS = ['compact', 'profile', 'skew', 'check', 'load'] as const;
export type Step = (typeof STEPS)[number];

/** A claim that an object exists, already routed to its dataset. */
export interface RoutedArrival {
  readonly dataset: string;
  readonly partition: string;
  readonly bucket: string;
  readonly key: string;
  readonly eTag: string;
  /** Bytes. */
  readonly size: number;
  readonly versionId?: string;
  readonly sequencer?: string;
  readonly lastModified?: Date;
  /** What claimed it, for custody: `webhook`, `sweep`, ... */
  readonly source: string;
}

/** An arrival that a named rule sets aside before any work (a removal, a hidden name): counted for ever by rule. */
export interface RecordReceipt {
  /** Ids of arrivals that the ledger did not know. */
  readonly recorded: readonly ObjectId[];
  readonly duplicates: number;
}

export interface PartitionRef {
  readonly dataset: string;
  readonly partition: string;
}

/** A plan job to enqueue: the partition's next dispatch number. */
export interface PlanDispatch extends PartitionRef {
  readonly dispatch: number;
}

export interface PendingObject {
  readonly object: ObjectId;
  readonly key: string;
  readonly size: number;
  readonly arrivedAt: Date;
}

/** A batch as plan decided it. */
export interface PlannedBatch {
  readonly batch: BatchId;
  readonly objects: readonly ObjectId[];
  readonly configHash: string;
  /** Target tables to load; empty: the batch ends judged. */
  readonly loads: readonly LoadTarget[];
}

export interface LoadTarget {
  readonly target: string;
  readonly table: string;
}

/** Names one step of one batch. For steps other than load, target and table are ''. */
export interface StepRef {
  readonly batch: BatchId;
  readonly step: Step;
  readonly target: string;
  readonly table: string;
}

/** A step to enqueue: its ref and dispatch number (the end of the job's id). */
export interface StepDispatch extends StepRef {
  readonly dataset: string;
  readonly dispatch: number;
}

/** A held lease on a step. Every commit compares `attempt` and `holder` with the ledger. */
export interface StepClaim extends StepRef {
  readonly dataset: string;
  readonly partition: string;
  readonly attempt: number;
  readonly holder: string;
  /** Times that the holder of this step vanished without a word. */
  readonly crashes: number;
  /** Times that this step failed with an error that allows another try. */
  readonly failures: number;
}

export type ClaimAnswer =
  | { readonly kind: 'claimed'; readonly claim: StepClaim }
  /** The step was done before. */
  | { readonly kind: 'done' }
  /** Somebody holds it until then. */
  | { readonly kind: 'leased'; readonly until: Date }
  /** An earlier step is not done, the batch is held, or the step gave up. */
  | { readonly kind: 'closed'; readonly reason: string };

/** An object of a batch, with what fetching it needs. */
export interface BatchObject {
  readonly object: ObjectId;
  readonly bucket: string;
  readonly key: string;
  readonly eTag: string;
  readonly size: number;
  readonly versionId?: string;
  readonly releases: number;
}

export type Verdict = 'pass' | 'warn' | 'fail';

export interface Finding {
  readonly kind: 'profile' | 'skew' | 'check';
  /** Check name, skew key, or '' for a profile. */
  readonly name: string;
  readonly column?: string;
  readonly verdict?: Verdict;
  /** The finding itself, in the JSON shapes of the command line. */
  readonly data: unknown;
}

export interface SchemaVersion {
  readonly version: number;
  readonly columns: readonly Column[];
}

/** Records arrivals and tells what became of them. */
export interface ObjectLedger {
  /** Records arrivals in one statement; a known identity changes nothing. A SUPERSEDED identity whose bytes came back gets the next generation (DESIGN 3a.1) only through `recordCurrent`. */
  record(arrivals: readonly RoutedArrival[]): Promise<RecordReceipt>;
  /** Adds to the counters of arrivals that no dataset takes, by rule (`unrouted`, `removal`, `hidden`, ...): never silently dropped. */
  countIgnored(
    counts: readonly {
      readonly rule: string;
      readonly bucket: string;
      readonly count: number;
      readonly sampleKey: string;
    }[],
  ): Promise<void>;
  list(filter: { dataset?: string; state?: ObjectState; limit: number }): Promise<readonly ObjectRow[]>;
  /** Objects per dataset and state. */
  counts(): Promise<readonly { dataset: string; state: ObjectState; objects: number; bytes: number }[]>;
  /** Everything the ledger knows of one object: its row, its batches, their steps and loads. Undefined when unknown. */
  custody(object: ObjectId): Promise<Custody | undefined>;
}

export interface ObjectRow {
  readonly object: ObjectId;
  readonly dataset: string;
  readonly partition: string;
  readonly bucket: string;
  readonly key: string;
  readonly size: number;
  readonly state: ObjectState;
  readonly batch?: BatchId;
  readonly code?: ErrorCode;
  readonly reason?: string;
  /** Rows read from it. */
  readonly rowsIn?: number;
  readonly arrivedAt: Date;
  /** When its rows became visible in the last of its targets. */
  readonly loadedAt?: Date;
}

export interface Custody {
  readonly object: ObjectRow;
  readonly steps: readonly StepRow[];
  readonly loads: readonly LoadRow[];
  readonly artifacts: readonly string[];
}

export interface StepRow extends StepRef {
  readonly state: 'waiting' | 'pending' | 'done' | 'failed';
  readonly attempt: number;
  readonly crashes: number;
  readonly failures: number;
  readonly lastError?: string;
  readonly doneAt?: Date;
}

export interface LoadRow extends LoadTarget {
  readonly batch: BatchId;
  readonly dataset: string;
  readonly rows: number;
  readonly committedAt: Date;
}

export interface BatchRow extends PartitionRef {
  readonly batch: BatchId;
  readonly state: BatchState;
  readonly objects: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly rowsIn: number;
  readonly rowsOut: number;
  readonly artifacts: number;
  readonly failedStep?: string;
  readonly createdAt: Date;
}

/** Turns pending objects into batches. */
export interface PlanLedger {
  /**
   * Marks the partitions as dispatched and returns a dispatch for each that was not: call after `record` committed.
   * Together with `beginPlan` no wake-up is lost (DESIGN 3a.11).
   */
  dispatch(partitions: readonly PartitionRef[]): Promise<readonly PlanDispatch[]>;
  /** Takes the dispatched mark off, then reads what is pending (later arrivals dispatch anew). Oldest first, at most `limit`. */
  beginPlan(partition: PartitionRef, limit: number): Promise<readonly PendingObject[]>;
  /** Commits the batches in one transaction, each with its steps; objects taken meanwhile by another plan void their batch. Returns the compact steps to enqueue. */
  commitPlan(partition: PartitionRef, batches: readonly PlannedBatch[]): Promise<readonly StepDispatch[]>;
  /** Remembers when the partition must be planned again although nothing new arrives (maxWait, a released object). */
  planAgainAt(partition: PartitionRef, at: Date): Promise<PlanDispatch>;
}

/** Leases, commit points and failures of the steps. */
export interface StepLedger {
  /** One UPDATE: attempt + 1, holder, lease. A lease that ran out counts a crash. */
  claim(ref: StepRef, holder: string, leaseMs: number): Promise<ClaimAnswer>;
  /** Prolongs the lease; false when it was lost. */
  heartbeat(claim: StepClaim, leaseMs: number): Promise<boolean>;
  /** Ends the lease without counting anything (shutdown); the step can be claimed at once. */
  handBack(claim: StepClaim): Promise<void>;
  /** Ends the lease after an error: tried again at `retryAt`, or given up (`failed`) when undefined. */
  fail(
    claim: StepClaim,
    error: { readonly code: ErrorCode; readonly message: string },
    retryAt: Date | undefined,
  ): Promise<void>;
  /** THE commit point of compact: compare-and-set on the attempt; stores the manifest, moves objects. Throws LEASE_LOST. */
  commitCompact(claim: StepClaim, manifest: Manifest, releasedUntil: Date): Promise<readonly StepDispatch[]>;
  /** THE commit point of profile, skew and check: findings of this attempt replace older ones. `hold` keeps the batch back. Throws LEASE_LOST. */
  commitFindings(claim: StepClaim, findings: readonly Finding[], hold: boolean): Promise<readonly StepDispatch[]>;
  /** Notes what the target committed (the target's books are the truth; this is a cache). Throws LEASE_LOST. */
  commitLoad(claim: StepClaim, load: { readonly rows: number; readonly committedAt: Date }): Promise<void>;
}

/** What the reconciler and the supervisor need. */
export interface RecoveryLedger {
  /** Steps that are unfinished, due, not leased, and not dispatched within `quietMs` (0: all, after Redis lost everything). Raises their dispatch numbers. */
  unfinishedSteps(quietMs: number, limit: number): Promise<readonly StepDispatch[]>;
  /** Partitions with pending objects whose plan is due and not dispatched within `quietMs`. */
  unplannedPartitions(quietMs: number, limit: number): Promise<readonly PlanDispatch[]>;
  /** Dispatches every partition of these datasets that has pending objects, due or not (a batch is to be closed now). */
  pendingPartitions(datasets: readonly string[]): Promise<readonly PlanDispatch[]>;
  /** Ends all leases of a holder that is known to be dead (its supervisor saw the exit); counts a crash each. */
  expireHolder(holder: string): Promise<number>;
  /** Lets steps that gave up try again. Returns how many. */
  rearmFailed(dataset?: string): Promise<number>;
  /** Unfinished work per dataset: pending objects, open steps, steps that gave up, and held batches. */
  backlog(): Promise<
    readonly {
      dataset: string;
      pending: number;
      openSteps: number;
      failedSteps: number;
      heldBatches: number;
      nextDueAt?: Date;
    }[]
  >;
}

/** What people and the audit read. */
export interface ReadLedger {
  batch(
    batch: BatchId,
  ): Promise<
    { readonly row: BatchRow; readonly objects: readonly BatchObject[]; readonly manifest?: Manifest } | undefined
  >;
  batches(dataset: string | undefined, limit: number): Promise<readonly BatchRow[]>;
  loads(dataset: string | undefined, limit: number): Promise<readonly LoadRow[]>;
  findings(filter: {
    dataset?: string;
    batch?: BatchId;
    kind?: Finding['kind'];
    limit: number;
  }): Promise<readonly (Finding & { batch: BatchId; dataset: string; at: Date })[]>;
  /** Every object of a dataset with its counts and the tables it must be in, in pages by id; for the audit. */
  auditPage(dataset: string, after: ObjectId | undefined, limit: number): Promise<readonly AuditObject[]>;
  /** The dataset's newest schema version; undefined before the first batch. */
  schema(dataset: string): Promise<SchemaVersion | undefined>;
  /** Adds the next version unless somebody else did first (then returns theirs). */
  addSchema(dataset: string, expectedVersion: number, columns: readonly Column[], why: string): Promise<SchemaVersion>;
}

export interface AuditObject {
  readonly object: ObjectId;
  readonly uri: string;
  readonly state: ObjectState;
  readonly rowsIn: number;
  readonly rowsQuarantined: number;
  readonly rowsDeduplicated: number;
  readonly rowsFiltered: number;
  readonly loads: readonly LoadTarget[];
}

/** The ledger: the only truth about what happened to every object. */
export interface Ledger {
  readonly objects: ObjectLedger;
  readonly plans: PlanLedger;
  readonly steps: StepLedger;
  readonly recovery: RecoveryLedger;
  readonly read: ReadLedger;
  /** Brings the ledger's tables to this version's shape; safe when several processes call it at once. */
  migrate(): Promise<void>;
  close(): Promise<void>;
}
