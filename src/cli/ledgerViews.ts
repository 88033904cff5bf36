import type { Config, Dataset } from '../shared/config/config.js';
import type { BatchRow, Ledger, LoadRow, ObjectRow, ObjectState } from '../shared/ledger/port.js';
import { objectUri } from '../shared/ledger/text.js';
import { estimateLoads, type LoadCost } from '../shared/warehouses/snowflake/cost.js';
import { type Output, showBytes } from './output.js';

/** Where a dataset stands. */
export interface DatasetStatus {
  readonly dataset: string;
  /** By state; states without objects are left out. */
  readonly objects: Readonly<Partial<Record<ObjectState, number>>>;
  readonly bytes: number;
  readonly pending: number;
  readonly openSteps: number;
  readonly failedSteps: number;
  readonly heldBatches: number;
  readonly nextDueAt?: Date;
}

/** Reads where the datasets stand. */
export async function readStatus(ledger: Ledger, datasets: readonly string[]): Promise<readonly DatasetStatus[]> {
  const [counts, backlog] = await Promise.all([ledger.objects.counts(), ledger.recovery.backlog()]);
  return datasets.map((dataset) => {
    const mine = counts.filter((row) => row.dataset === dataset);
    const { nextDueAt, ...left } = backlog.find((row) => row.dataset === dataset) ?? NOTHING_LEFT;
    return {
      ...left,
      dataset,
      objects: Object.fromEntries(mine.map(({ state, objects }) => [state, objects])),
      bytes: mine.reduce((sum, { bytes }) => sum + bytes, 0),
      ...(nextDueAt === undefined ? {} : { nextDueAt }),
    };
  });
}

/** Where datasets stand that are gone from the configuration and left work in the ledger. */
export async function readRemoved(ledger: Ledger, configured: readonly string[]): Promise<readonly DatasetStatus[]> {
  const left = await ledger.recovery.backlog();
  const names = left
    .filter(({ dataset, pending, openSteps }) => pending + openSteps > 0 && !configured.includes(dataset))
    .map(({ dataset }) => dataset);
  return names.length === 0 ? [] : readStatus(ledger, names);
}

const NOTHING_LEFT: { pending: number; openSteps: number; failedSteps: number; heldBatches: number; nextDueAt?: Date } =
  { pending: 0, openSteps: 0, failedSteps: 0, heldBatches: 0 };

/** Where the datasets stand, for people. */
export function showStatus(output: Output, datasets: readonly DatasetStatus[], title = 'dataset'): void {
  output.table(
    [title, 'objects', 'bytes', 'pending', 'open steps', 'gave up', 'held'],
    datasets.map((row) => [
      row.dataset,
      Object.entries(row.objects)
        .map(([state, objects]) => `${objects} ${state}`)
        .join(', ') || 'none',
      showBytes(row.bytes),
      row.pending,
      row.openSteps,
      row.failedSteps,
      row.heldBatches,
    ]),
  );
}

export type ObjectView = Omit<ObjectRow, 'bucket'> & { readonly uri: string };

/** Objects of a dataset with their addresses. */
export async function listObjects(
  ledger: Ledger,
  { dataset, state, limit }: { readonly dataset: string; readonly state?: ObjectState; readonly limit: number },
): Promise<readonly ObjectView[]> {
  const rows = await ledger.objects.list({ dataset, limit, ...(state === undefined ? {} : { state }) });
  return rows.map(({ bucket, ...row }) => ({ ...row, uri: objectUri(bucket, row.key) }));
}

/** Objects for people. */
export function showObjects(output: Output, objects: readonly ObjectView[]): void {
  output.table(
    ['object', 'state', 'bytes', 'rows', 'arrived', 'code', 'reason'],
    objects.map((row) => [row.uri, row.state, row.size, row.rowsIn, at(row.arrivedAt), row.code, row.reason]),
  );
}

/** Batches of a dataset, the newest first. */
export function listBatches(ledger: Ledger, dataset: string, limit: number): Promise<readonly BatchRow[]> {
  return ledger.read.batches(dataset, limit);
}

/** Batches for people. */
export function showBatches(output: Output, batches: readonly BatchRow[]): void {
  output.table(
    [
      'batch',
      'partition',
      'state',
      'objects',
      'bytes in',
      'bytes out',
      'rows in',
      'rows out',
      'created',
      'gave up at',
      'reason',
    ],
    batches.map((row) => [
      row.batch,
      row.partition,
      row.state,
      row.objects,
      row.bytesIn,
      row.bytesOut,
      row.rowsIn,
      row.rowsOut,
      at(row.createdAt),
      row.failedStep,
      row.reason,
    ]),
  );
}

/** A load; into Snowflake with what it is expected to have cost. */
export type LoadView = LoadRow & Partial<LoadCost>;

/** Loads of a dataset, the newest first. Those that Snowflake took have expected credits and the cheaper way. */
export async function listLoads(
  ledger: Ledger,
  { config, dataset, limit }: { readonly config: Config; readonly dataset: Dataset; readonly limit: number },
): Promise<readonly LoadView[]> {
  const loads = await ledger.read.loads(dataset.name, limit);
  const costs = estimateLoads(loads, ({ target, table }) => {
    if (config.targets[target]?.type !== 'snowflake') return undefined;
    return dataset.load.find((load) => load.target === target && load.table === table)?.via ?? 'copy';
  });
  return loads.map((load, index) => ({ ...load, ...costs[index] }));
}

/** Loads for people; credits only where a target takes them. */
export function showLoads(output: Output, loads: readonly LoadView[]): void {
  const hasCredits = loads.some(({ expectedCredits }) => expectedCredits !== undefined);
  output.table(
    [
      'target',
      'table',
      'rows',
      'bytes',
      ...(hasCredits ? ['credits, about', 'cheaper way'] : []),
      'committed',
      'batch',
    ],
    loads.map((row) => [
      row.target,
      row.table,
      row.rows,
      showBytes(row.bytes),
      ...(hasCredits ? [showCredits(row.expectedCredits), cheaperWay(row)] : []),
      at(row.committedAt),
      row.batch,
    ]),
  );
}

function showCredits(credits: number | undefined): string {
  return credits === undefined ? '' : credits.toFixed(5);
}

function cheaperWay({ way, cheaperWay: cheaper, cheaperCredits }: LoadView): string {
  if (cheaper === undefined) return '';
  return cheaper === way ? `${cheaper} (as it was)` : `${cheaper} (${showCredits(cheaperCredits)})`;
}

function at(date: Date): string {
  return date.toISOString().slice(0, 19).replace('T', ' ');
}
