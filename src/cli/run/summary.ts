import type { BatchId, ObjectId } from '../../shared/ids.js';
import type { BatchRow, Ledger, ObjectRow } from '../../shared/ledger/port.js';
import { objectUri } from '../../shared/ledger/text.js';
import { auditDatasets } from '../audit.js';
import type { Services } from '../services.js';
import { type ColumnSkew, mergeSkew } from './mergeSkew.js';

/** The answer of `sluice run` and `sluice demo`: all counts are of this run. */
export interface RunSummary {
  readonly objects: {
    readonly found: number;
    readonly loaded: number;
    readonly quarantined: number;
    /** In batches that a failed check keeps back. */
    readonly held: number;
    readonly ignored: number;
  };
  readonly quarantined: readonly { readonly uri: string; readonly code?: string; readonly reason?: string }[];
  /** Connection URL of each target; without password where it is not an embedded one. */
  readonly targets: Readonly<Record<string, string>>;
  readonly batches: number;
  readonly artifacts: number;
  readonly bytes: { readonly in: number; readonly out: number };
  readonly rows: {
    readonly in: number;
    readonly loaded: number;
    readonly quarantined: number;
    readonly deduplicated: number;
  };
  readonly audit: { readonly balanced: boolean };
  readonly checks: { readonly pass: number; readonly warn: number; readonly fail: number };
  readonly skew: readonly ColumnSkew[];
  /** From arrival to visible rows; absent when nothing was loaded. */
  readonly latencyMs?: { readonly p50: number; readonly p99: number };
  readonly seconds: number;
}

/** What was there before a run. */
export interface Before {
  readonly finished: ReadonlySet<BatchId>;
  readonly held: ReadonlySet<BatchId>;
  readonly quarantined: ReadonlySet<ObjectId>;
  readonly pending: number;
  readonly startedAtMs: number;
}

/** Rows of the ledger that a summary reads at most, of each kind. */
const LIMIT = 100_000;

/** Notes what the ledger has before a run begins. */
export async function lookBefore({ ledger }: Pick<Services, 'ledger'>, datasets: readonly string[]): Promise<Before> {
  const startedAtMs = Date.now();
  const batches = await ofEach(datasets, (dataset) => ledger.read.batches(dataset, LIMIT));
  const quarantined = await listState(ledger, datasets, 'quarantined');
  const backlog = await ledger.recovery.backlog();
  return {
    finished: new Set(batches.filter(isFinished).map(({ batch }) => batch)),
    held: new Set(batches.filter(isHeld).map(({ batch }) => batch)),
    quarantined: new Set(quarantined.map(({ object }) => object)),
    pending: backlog.filter(({ dataset }) => datasets.includes(dataset)).reduce((sum, row) => sum + row.pending, 0),
    startedAtMs,
  };
}

export interface RunFacts {
  readonly datasets: readonly string[];
  readonly before: Before;
  /** Objects recorded by this run. */
  readonly recorded: number;
  readonly ignored: number;
  readonly signal: AbortSignal;
}

/** Tells what changed since `before`, and audits. */
export async function summarise(services: Services, facts: RunFacts): Promise<RunSummary> {
  const { ledger } = services;
  const { datasets, before, signal } = facts;
  const seconds = (Date.now() - before.startedAtMs) / 1000;
  const batches = (await ofEach(datasets, (dataset) => ledger.read.batches(dataset, LIMIT))).filter(
    (row) => (isFinished(row) && !before.finished.has(row.batch)) || (isHeld(row) && !before.held.has(row.batch)),
  );
  const mine = new Set(batches.map(({ batch }) => batch));
  const isMine = ({ batch }: ObjectRow) => batch !== undefined && mine.has(batch);
  const loaded = (await listState(ledger, datasets, 'loaded')).filter(isMine);
  const bad = (await listState(ledger, datasets, 'quarantined')).filter(
    ({ object }) => !before.quarantined.has(object),
  );
  const latencyMs = latencyOf(loaded);
  return {
    objects: {
      found: facts.recorded + before.pending,
      loaded: loaded.length,
      quarantined: bad.length,
      held: sum(batches.filter(isHeld), (row) => row.objects),
      ignored: facts.ignored + (await listState(ledger, datasets, 'ignored')).filter(isMine).length,
    },
    quarantined: bad.map(describeBad),
    targets: describeTargets(services),
    batches: batches.length,
    artifacts: sum(batches, (row) => row.artifacts),
    bytes: { in: sum(batches, (row) => row.bytesIn), out: sum(batches, (row) => row.bytesOut) },
    rows: {
      in: sum(batches, (row) => row.rowsIn),
      loaded: await loadedRows(ledger, datasets, mine),
      quarantined: sum(batches, (row) => row.rowsIn - row.rowsOut),
      deduplicated: 0,
    },
    audit: { balanced: (await auditDatasets(services, datasets, signal)).balanced },
    ...(await readFindings(ledger, datasets, mine)),
    ...(latencyMs === undefined ? {} : { latencyMs }),
    seconds,
  };
}

/** A batch at the end of its way; one without tables to load ends judged. */
function isFinished({ state }: BatchRow): boolean {
  return state === 'loaded' || state === 'empty' || state === 'judged';
}

/** A batch that a failed check keeps back: what was found about it is told, too. */
function isHeld({ state }: BatchRow): boolean {
  return state === 'held';
}

function listState(ledger: Ledger, datasets: readonly string[], state: 'loaded' | 'quarantined' | 'ignored') {
  return ofEach(datasets, (dataset) => ledger.objects.list({ dataset, state, limit: LIMIT }));
}

async function ofEach<T>(
  datasets: readonly string[],
  read: (dataset: string) => Promise<readonly T[]>,
): Promise<readonly T[]> {
  return (await Promise.all(datasets.map(read))).flat();
}

function describeBad({ bucket, key, code, reason }: ObjectRow): RunSummary['quarantined'][number] {
  return {
    uri: objectUri(bucket, key),
    ...(code === undefined ? {} : { code }),
    ...(reason === undefined ? {} : { reason }),
  };
}

/** An embedded target's URL opens it; of any other the password is left out. */
export function describeTargets({ config, addresses, warehouse }: Services): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(config.targets).map(([name, target]) => [
      name,
      target.type === 'postgres' && target.url === undefined
        ? (addresses.targetUrls[name] ?? '')
        : warehouse(name).displayUrl,
    ]),
  );
}

/** Rows in the table that got most: a batch that goes to two tables is not counted twice. */
async function loadedRows(ledger: Ledger, datasets: readonly string[], batches: ReadonlySet<BatchId>): Promise<number> {
  let total = 0;
  for (const dataset of datasets) {
    const tables = new Map<string, number>();
    for (const { target, table, batch, rows } of await ledger.read.loads(dataset, LIMIT)) {
      if (batches.has(batch)) tables.set(`${target}\n${table}`, (tables.get(`${target}\n${table}`) ?? 0) + rows);
    }
    total += Math.max(0, ...tables.values());
  }
  return total;
}

async function readFindings(
  ledger: Ledger,
  datasets: readonly string[],
  batches: ReadonlySet<BatchId>,
): Promise<Pick<RunSummary, 'checks' | 'skew'>> {
  const checks = await ofEach(datasets, (dataset) => ledger.read.findings({ dataset, kind: 'check', limit: LIMIT }));
  const skews = await ofEach(datasets, (dataset) => ledger.read.findings({ dataset, kind: 'skew', limit: LIMIT }));
  const count = (wanted: string) =>
    checks.filter(({ batch, verdict }) => verdict === wanted && batches.has(batch)).length;
  return {
    checks: { pass: count('pass'), warn: count('warn'), fail: count('fail') },
    skew: mergeSkew(skews.filter(({ batch }) => batches.has(batch))),
  };
}

function latencyOf(objects: readonly ObjectRow[]): RunSummary['latencyMs'] {
  const sorted = objects
    .flatMap(({ arrivedAt, loadedAt }) => (loadedAt === undefined ? [] : [loadedAt.getTime() - arrivedAt.getTime()]))
    .sort((a, b) => a - b);
  const at = (part: number) => sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))];
  const [p50, p99] = [at(0.5), at(0.99)];
  return p50 === undefined || p99 === undefined ? undefined : { p50, p99 };
}

function sum<T>(rows: readonly T[], read: (row: T) => number): number {
  return rows.reduce((total, row) => total + read(row), 0);
}
