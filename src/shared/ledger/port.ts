import type { ActionLedger } from './actions.js';
import type { LoadedLedger } from './loaded.js';
import type { BatchId, ObjectId } from '../ids.js';
import type { Column } from '../schema/columns.js';
import type { ErrorCode } from '../errors.js';
import type {
  AuditNote,
  Decision,
  DecisionAnswer,
  DecisionRequest,
  LastAudit,
  ObjectCustody,
  RowsAside,
  SetAside,
  Surroundings,
} from './custodyRecords.js';
import type { BatchRecord } from './batchRecord.js';
import type { Manifest } from './manifest.js';
import type { MergeLedger } from './mergeRecords.js';
import type {
  ActivityBin,
  AuditObject,
  BatchRow,
  ClaimAnswer,
  Custody,
  Finding,
  IgnoredCount,
  LoadRow,
  ObjectRow,
  ObjectState,
  ParkedMessage,
  PartitionRef,
  PendingObject,
  PlanDispatch,
  PlannedBatch,
  RecordReceipt,
  RoutedArrival,
  StepClaim,
  StepDispatch,
  StepRef,
} from './records.js';
import type { OriginalsLedger } from './originals.js';
import type { ReplaceLedger } from './replaceRecords.js';
import type { SchemaEntry, SchemaVersion } from './schemaRecords.js';
import type { ScaleLedger } from './scaleRecords.js';
import type { AlertLedger, AnomalyLedger } from './watchRecords.js';

export * from './batchRecord.js';
export * from './custodyRecords.js';
export * from './mergeRecords.js';
export * from './originals.js';
export * from './records.js';
export * from './replaceRecords.js';
export * from './schemaRecords.js';
export * from './scaleRecords.js';
export * from './watchRecords.js';

/** Records arrivals and tells what became of them. */
export interface ObjectLedger {
  /** Records arrivals in one statement; a known identity changes nothing. One whose bytes came back gets its next generation only through `custody.recordCurrent`. */
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

/** Finds arrivals that no event brought, and keeps what could not be read. */
export interface ArrivalLedger {
  /** Of these, those that `record` has to see: identities that are not known, and known ones whose bytes may have come back. */
  missing(arrivals: readonly RoutedArrival[]): Promise<readonly RoutedArrival[]>;
  /** Takes an unfinished listing over from whoever holds it, or begins it. `state` is what was saved last. */
  takeListing(name: string, holder: string): Promise<{ readonly begunAt: Date; readonly state: unknown }>;
  /** Saves how far a listing came; false when somebody else took it over, whose state then stands. */
  saveListing(name: string, holder: string, state: object): Promise<boolean>;
  /** Forgets a listing that came to its end, unless somebody else took it over. */
  endListing(name: string, holder: string): Promise<void>;
  /** Objects of a dataset that a source brought since `from`. */
  countSince(what: { readonly dataset: string; readonly source: string; readonly from: Date }): Promise<number>;
  /** Keeps a message that could not be read; the same again changes its count. */
  park(message: ParkedMessage): Promise<void>;
  /** The newest first. */
  parked(limit: number): Promise<readonly (ParkedMessage & { readonly parkedAt: Date })[]>;
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
  /** Commits the batches in one transaction, each with its steps; objects taken meanwhile by another plan void their batch. Returns the compact steps to enqueue; fewer than batches: plan again, what the void ones wanted besides may be pending. */
  commitPlan(partition: PartitionRef, batches: readonly PlannedBatch[]): Promise<readonly StepDispatch[]>;
  /** Remembers when the partition must be planned again although nothing new arrives (maxWait, a released object). */
  planAgainAt(partition: PartitionRef, at: Date): Promise<PlanDispatch>;
  /** True while a batch of the partition, planned within the last 10 s, is under way: files that come meanwhile may share the next one. */
  hasYoungBatch(partition: PartitionRef): Promise<boolean>;
  /** Has the batch's partition planned now when `planAgainAt` named a time at most `withinMs` away; nothing otherwise. */
  wakeAfter(batch: BatchId, withinMs: number): Promise<readonly PlanDispatch[]>;
}

/** Leases, commit points and failures of the steps. */
export interface StepLedger {
  /** One UPDATE: attempt + 1, holder, lease. A lease that ran out counts a crash. */
  claim(ref: StepRef, holder: string, leaseMs: number): Promise<ClaimAnswer>;
  /** Prolongs the lease; false when it was lost. */
  heartbeat(claim: StepClaim, leaseMs: number): Promise<boolean>;
  /** Ends the lease without counting anything (shutdown, a wait); the step can be claimed at once, or from `until` on. */
  handBack(claim: StepClaim, until?: Date): Promise<void>;
  /** Ends the lease after an error: tried again at `retryAt`, or given up (`failed`) when undefined. */
  fail(
    claim: StepClaim,
    error: { readonly code: ErrorCode; readonly message: string },
    retryAt: Date | undefined,
  ): Promise<void>;
  /**
   * THE commit point of compact: compare-and-set on the attempt; stores the manifest, moves objects, claims contents. Throws LEASE_LOST;
   * CUSTODY_MOVED when something that `custody` rests on changed since it was read: look again, decide again, commit again.
   */
  commitCompact(
    claim: StepClaim,
    manifest: Manifest,
    releasedUntil: Date,
    custody?: readonly ObjectCustody[],
  ): Promise<readonly StepDispatch[]>;
  /** THE commit point of profile, skew and check: findings of this attempt replace older ones. `hold` keeps the batch back. Throws LEASE_LOST. */
  commitFindings(claim: StepClaim, findings: readonly Finding[], hold: boolean): Promise<readonly StepDispatch[]>;
  /** Notes what the target committed (the target's books are the truth; this is a cache). Returns partitions to plan. Throws LEASE_LOST. */
  commitLoad(
    claim: StepClaim,
    load: { readonly rows: number; readonly committedAt: Date },
  ): Promise<readonly PartitionRef[]>;
}

/** What the reconciler and the supervisor need. */
export interface RecoveryLedger {
  /** Steps that are unfinished, due, not leased, and not dispatched within `quietMs` (0: all, after Redis lost everything). Raises their dispatch numbers. */
  unfinishedSteps(quietMs: number, limit: number, datasets?: readonly string[]): Promise<readonly StepDispatch[]>;
  /** Partitions with pending objects whose plan is due and not dispatched within `quietMs`. Both: of these datasets, by default of all. */
  unplannedPartitions(quietMs: number, limit: number, datasets?: readonly string[]): Promise<readonly PlanDispatch[]>;
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
  /** Makes the tables of the coming months and folds the counters. Call daily; `migrate` makes room for two months too. */
  keepHouse(): Promise<void>;
}

/** Custody beyond the first arrival: versions of a key, equal contents, and what people decide about what was set aside. */
export interface CustodyLedger {
  /** What stands around the objects of a batch; `hashes`: hex SHA-256 of those that were fetched. */
  surroundings(batch: BatchId, hashes: ReadonlyMap<ObjectId, string>): Promise<readonly Surroundings[]>;
  /** Records the next generation of arrivals that `record` called outdone and that the store, asked since, shows as current. */
  recordCurrent(arrivals: readonly RoutedArrival[]): Promise<RecordReceipt>;
  /** Quarantined objects, rows of objects that went on, and batches that are held or that a step gave up; the newest of each first. */
  setAside(filter: { dataset?: string; limit: number }): Promise<readonly SetAside[]>;
  /** Takes a person's decision, once: a second one answers the first. */
  decide(request: DecisionRequest): Promise<DecisionAnswer>;
  /** The rows set aside under this id, or those of the object of this id; each with what became of them. */
  rowsAside(id: string): Promise<readonly RowsAside[]>;
  /** What was decided about an object or a batch, the oldest first. */
  decisions(id: string): Promise<readonly Decision[]>;
  /** Keeps the result of an audit. */
  noteAudit(note: AuditNote): Promise<void>;
  /** The artifacts that each of these batches committed and still answers for (one that was superseded a day ago for rows set aside alone); undefined while its compact is not done. Unknown batches are absent. */
  artifacts(batches: readonly BatchId[]): Promise<ReadonlyMap<BatchId, ReadonlySet<string> | undefined>>;
}

/** What people and the audit read. */
export interface ReadLedger {
  batch(batch: BatchId): Promise<BatchRecord | undefined>;
  batches(dataset: string | undefined, limit: number): Promise<readonly BatchRow[]>;
  loads(dataset: string | undefined, limit: number): Promise<readonly LoadRow[]>;
  findings(filter: {
    dataset?: string;
    batch?: BatchId;
    kind?: Finding['kind'];
    limit: number;
  }): Promise<readonly (Finding & { batch: BatchId; dataset: string; at: Date })[]>;
  /** What the targets committed since `from`, in bins of `binSeconds`, oldest first; bins without a load are absent. */
  activity(from: Date, binSeconds: number): Promise<readonly ActivityBin[]>;
  /** Files and bytes that went into artifacts, and what came out, by dataset. */
  sizes(
    dataset: string | undefined,
  ): Promise<readonly { dataset: string; files: number; bytesIn: number; artifacts: number; bytesOut: number }[]>;
  /** What was set aside before any work, by rule and bucket, most first. */
  ignored(): Promise<readonly IgnoredCount[]>;
  /** Every object of a dataset with its counts and the tables it must be in, in pages by id; for the audit. */
  auditPage(dataset: string, after: ObjectId | undefined, limit: number): Promise<readonly AuditObject[]>;
  /** The newest audit of each dataset that was audited. */
  lastAudits(): Promise<readonly LastAudit[]>;
  /** The dataset's newest schema version; undefined before the first batch. */
  schema(dataset: string): Promise<SchemaVersion | undefined>;
  /** Every version of the dataset's schema, the newest first. */
  schemaVersions(dataset: string): Promise<readonly SchemaEntry[]>;
  /** Adds the next version unless somebody else did first (then returns theirs). */
  addSchema(dataset: string, expectedVersion: number, columns: readonly Column[], why: string): Promise<SchemaVersion>;
}

/** The ledger: the only truth about what happened to every object. */
export interface Ledger {
  readonly objects: ObjectLedger;
  readonly arrivals: ArrivalLedger;
  readonly plans: PlanLedger;
  readonly replaces: ReplaceLedger;
  readonly steps: StepLedger;
  readonly recovery: RecoveryLedger;
  readonly custody: CustodyLedger;
  readonly read: ReadLedger;
  readonly scale: ScaleLedger;
  readonly anomalies: AnomalyLedger;
  readonly alerts: AlertLedger;
  readonly originals: OriginalsLedger;
  readonly loaded: LoadedLedger;
  readonly merges: MergeLedger;
  readonly actions: ActionLedger;
  /** Brings the ledger's tables to this version's shape; safe when several processes call it at once. */
  migrate(): Promise<void>;
  close(): Promise<void>;
}
