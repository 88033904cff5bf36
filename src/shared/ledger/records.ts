import type { BatchId, ObjectId } from '../ids.js';
import type { ErrorCode } from '../errors.js';

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

/** A batch's way, forward only. `empty`: every object of it was quarantined, released or without rows to load. `superseded`: a newer batch of a replaced partition or table has its objects, or they are gone. */
export const BATCH_STATES = ['planned', 'compacted', 'held', 'judged', 'loaded', 'empty', 'superseded'] as const;
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
  /** The same, as they were given, in the order of `recorded`. */
  readonly fresh: readonly RoutedArrival[];
  readonly duplicates: number;
  /** The duplicates whose bytes the key was once seen without: `custody.recordCurrent` takes those that the store shows as current. */
  readonly outdone: readonly RoutedArrival[];
}

/** A message of a queue that no parser reads. */
export interface ParkedMessage {
  readonly queue: string;
  readonly messageId: string;
  readonly code: ErrorCode;
  readonly reason: string;
  /** How often it came. */
  readonly receives: number;
  readonly body: string;
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
  readonly generation: number;
  readonly arrivedAt: Date;
  /** A person let it through: no rule about overwrites and duplicates applies. */
  readonly waived: boolean;
  /** An older batch brought it, and this one reads it again beside its own (write mode replace). */
  readonly carried: boolean;
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
  /** Bytes of the batch's artifacts. */
  readonly bytes: number;
  readonly committedAt: Date;
}

/** Loads of a span of time: a batch that is loaded into two tables counts twice. */
export interface ActivityBin {
  /** When the bin begins. */
  readonly at: Date;
  readonly loads: number;
  readonly rows: number;
}

/** Arrivals that a named rule set aside. */
export interface IgnoredCount {
  readonly rule: string;
  readonly bucket: string;
  readonly count: number;
  /** A key of the latest of them. */
  readonly sampleKey: string;
  readonly lastAt: Date;
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
  /** Why it stands still: the error of that step, or the checks that hold it. */
  readonly reason?: string;
  /** What it takes the place of once it is loaded (write mode replace). */
  readonly supersedes?: 'partition' | 'table';
  readonly createdAt: Date;
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
  /** The batch that has it; absent before it has one. */
  readonly batch?: BatchId;
}
