import type { Dataset } from '../../shared/config/config.js';
import { JOB_KINDS, type JobKind } from '../../shared/jobs/catalogue.js';
import { OBJECT_STATES } from '../../shared/ledger/port.js';
import type {
  ActivityBin,
  BatchRow,
  IgnoredCount,
  Ledger,
  LoadRow,
  ObjectRow,
  ObjectState,
} from '../../shared/ledger/port.js';
import type { Queue, QueueCounts } from '../../shared/queue/port.js';

export type FindingRow = Awaited<ReturnType<Ledger['read']['findings']>>[number];
export type Backlog = Omit<Awaited<ReturnType<Ledger['recovery']['backlog']>>[number], 'dataset' | 'nextDueAt'>;

export interface DatasetSnapshot {
  readonly name: string;
  /** Where its files' way ends: a dataset without targets is compacted and judged only. */
  readonly end: 'judged' | 'loaded';
  readonly states: Readonly<Record<ObjectState, number>>;
  readonly bytes: number;
  readonly backlog: Backlog;
  /** Newest arrivals first. */
  readonly recent: readonly ObjectRow[];
  readonly quarantined: readonly ObjectRow[];
}

export interface QueueSnapshot extends QueueCounts {
  readonly kind: JobKind;
}

/** What the console shows of one moment. */
export interface Snapshot {
  readonly at: Date;
  readonly datasets: readonly DatasetSnapshot[];
  /** Undefined while Redis does not answer. */
  readonly queues: readonly QueueSnapshot[] | undefined;
  readonly batches: readonly BatchRow[];
  readonly loads: readonly LoadRow[];
  /** Checks and skew, newest first. */
  readonly findings: readonly FindingRow[];
  readonly ignored: readonly IgnoredCount[];
  /** The last 15 minutes in bins of ACTIVITY_BIN_SECONDS. */
  readonly activity: readonly ActivityBin[];
  readonly lastDay: { readonly loads: number; readonly rows: number };
}

export const ACTIVITY_MINUTES = 15;
export const ACTIVITY_BIN_SECONDS = 10;

/** What no count tells (a finding, an old load that falls out of the chart) is read again after this time. */
const DETAIL_AGE_MS = 2000;
const RECENT = 60;

export interface SnapshotSources {
  readonly ledger: Ledger;
  readonly queue: Pick<Queue, 'counts'>;
  /** The configured datasets, in the order to show them; others that the ledger knows follow. */
  readonly datasets: readonly Pick<Dataset, 'name' | 'load'>[];
  readonly now?: () => number;
}

type Counts = Awaited<ReturnType<Ledger['objects']['counts']>>;
type Details = Omit<Snapshot, 'at' | 'queues'>;

/**
 * Opens a reader of snapshots. Each call asks for the counts; the rows behind them only where a dataset's counts changed, and the rest
 * at most every two seconds, so that a page that is watched costs the ledger little. Errors: LEDGER_AWAY.
 */
export function openSnapshotReader(sources: SnapshotSources): () => Promise<Snapshot> {
  const { ledger, queue, now = Date.now } = sources;
  let known: { at: number; counts: string; details: Details } | undefined;
  return async () => {
    const [counts, queues] = await Promise.all([ledger.objects.counts(), readQueues(queue)]);
    const at = now();
    const text = JSON.stringify(counts);
    if (known === undefined || known.counts !== text || at - known.at >= DETAIL_AGE_MS)
      known = { at, counts: text, details: await readDetails(sources, { counts, at, before: known?.details }) };
    return { at: new Date(at), queues, ...known.details };
  };
}

async function readDetails(
  { ledger, datasets }: SnapshotSources,
  { counts, at, before }: { counts: Counts; at: number; before: Details | undefined },
): Promise<Details> {
  const names = [...new Set([...datasets.map(({ name }) => name), ...counts.map(({ dataset }) => dataset)])];
  const [backlog, batches, loads, findings, ignored, activity, [lastDay]] = await Promise.all([
    ledger.recovery.backlog(),
    ledger.read.batches(undefined, 10),
    ledger.read.loads(undefined, 10),
    readFindings(ledger),
    ledger.read.ignored(),
    ledger.read.activity(new Date(at - ACTIVITY_MINUTES * 60_000), ACTIVITY_BIN_SECONDS),
    ledger.read.activity(new Date(at - 86_400_000), 1_000_000_000),
  ]);
  const shown: DatasetSnapshot[] = [];
  for (const name of names) {
    const own = counts.filter(({ dataset }) => dataset === name);
    const old = before?.datasets.find((dataset) => dataset.name === name);
    const rows = old !== undefined && isSame(old, own) ? old : await readRows(ledger, name, own);
    const { dataset: _name, nextDueAt: _due, ...open } = backlog.find(({ dataset }) => dataset === name) ?? NO_BACKLOG;
    const { states, bytes } = tally(own);
    const isTargetless = datasets.find((dataset) => dataset.name === name)?.load.length === 0 && states.loaded === 0;
    shown.push({ ...rows, name, end: isTargetless ? 'judged' : 'loaded', states, bytes, backlog: open });
  }
  return { datasets: shown, batches, loads, findings, ignored, activity, lastDay: lastDay ?? { loads: 0, rows: 0 } };
}

const NO_BACKLOG = {
  dataset: '',
  pending: 0,
  openSteps: 0,
  failedSteps: 0,
  heldBatches: 0,
  nextDueAt: undefined,
};

async function readRows(
  { objects }: Pick<Ledger, 'objects'>,
  dataset: string,
  counts: Counts,
): Promise<Pick<DatasetSnapshot, 'recent' | 'quarantined'>> {
  const has = (state: ObjectState) => counts.some((count) => count.state === state);
  const [recent, quarantined] = await Promise.all([
    counts.length === 0 ? [] : objects.list({ dataset, limit: RECENT }),
    has('quarantined') ? objects.list({ dataset, state: 'quarantined', limit: 4 }) : [],
  ]);
  return { recent, quarantined };
}

async function readFindings({ read }: Ledger): Promise<readonly FindingRow[]> {
  const both = await Promise.all([
    read.findings({ kind: 'check', limit: 8 }),
    read.findings({ kind: 'skew', limit: 6 }),
  ]);
  return both.flat();
}

async function readQueues(queue: Pick<Queue, 'counts'>): Promise<readonly QueueSnapshot[] | undefined> {
  try {
    return await Promise.all(JOB_KINDS.map(async (kind) => ({ kind, ...(await queue.counts(kind)) })));
  } catch {
    // Redis only dispatches: without it the page still tells everything that the ledger knows.
    return undefined;
  }
}

function isSame(old: DatasetSnapshot, counts: Counts): boolean {
  const { states, bytes } = tally(counts);
  return bytes === old.bytes && OBJECT_STATES.every((state) => states[state] === old.states[state]);
}

function tally(counts: Counts): Pick<DatasetSnapshot, 'states' | 'bytes'> {
  const of = (state: ObjectState) => counts.find((count) => count.state === state)?.objects ?? 0;
  return {
    states: {
      arrived: of('arrived'),
      batched: of('batched'),
      compacted: of('compacted'),
      held: of('held'),
      judged: of('judged'),
      loaded: of('loaded'),
      quarantined: of('quarantined'),
      ignored: of('ignored'),
      superseded: of('superseded'),
    },
    bytes: counts.reduce((sum, count) => sum + count.bytes, 0),
  };
}
