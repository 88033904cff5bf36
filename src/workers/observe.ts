import type { Clock } from '../shared/clock.js';
import type { Dataset } from '../shared/config/config.js';
import { toSluiceError } from '../shared/errors.js';
import { figuresOf } from '../shared/findings/figures.js';
import { judgeClock, judgePoint } from '../shared/findings/observe.js';
import type { BatchId } from '../shared/ids.js';
import type { Ledger, Point, PointHistory } from '../shared/ledger/port.js';
import type { Logger } from '../shared/telemetry/log.js';
import type { BatchView } from './batchScratch.js';

/** Points that are read for a judgement: some of them may not count. */
const READ_POINTS = 60;
/** Days that the figures of the clock look back. */
const READ_DAYS = 31;

/** Nobody wants to hear of what is older. */
const NEWS_MS = 864e5;

/** What watching a dataset takes. */
export interface WatchContext {
  readonly ledger: Pick<Ledger, 'anomalies' | 'read'>;
  readonly logger: Logger;
  readonly clock: Clock;
}

/**
 * Measures a batch that was judged (or had no rows), compares it with those before and stores what is unusual. Best effort: a failure
 * is logged and the batch is measured by `observeMissed`. The first batch of a dataset brings the points of what was there before it.
 */
export async function observeBatch(
  context: WatchContext,
  dataset: Dataset,
  { batch, view }: { readonly batch: BatchId; readonly view: BatchView | undefined },
): Promise<void> {
  if (dataset.anomalies.sensitivity === 'off') return;
  try {
    const history = await context.ledger.anomalies.history(dataset.name, READ_POINTS);
    const isFirst = history.points.length === 0;
    if (isFirst) await measureOnly(context, dataset, batch);
    await measure(context, dataset, { batch, view, history: isFirst ? undefined : history });
  } catch (error) {
    context.logger.warn(
      { batch, error: toSluiceError(error).message },
      'a batch could not be measured; it is tried again',
    );
  }
}

/** Measures the batches of a dataset that have no point yet, the oldest first; returns how many. */
export async function observeMissed(context: WatchContext, dataset: Dataset, limit = READ_POINTS): Promise<number> {
  if (dataset.anomalies.sensitivity === 'off') return 0;
  const missed = await context.ledger.anomalies.unobserved(dataset.name, limit);
  for (const batch of missed.toReversed()) await measure(context, dataset, { batch });
  return missed.length;
}

/** Judges the figures of the clock: nothing came for unusually long, or yesterday brought unusually much or little. */
export async function observeClock({ ledger }: WatchContext, dataset: Dataset): Promise<number> {
  const { sensitivity } = dataset.anomalies;
  if (sensitivity === 'off') return 0;
  const days = await ledger.anomalies.arrivalDays(dataset.name, READ_DAYS);
  const anomalies = await ledger.anomalies.list({ dataset: dataset.name, limit: 1000 });
  return ledger.anomalies.noteAnomalies(judgeClock({ dataset: dataset.name, ...days, anomalies, sensitivity }));
}

/** Points of the batches before this one, without a word about them. */
async function measureOnly({ ledger }: WatchContext, { name }: Dataset, batch: BatchId): Promise<void> {
  const before = (await ledger.anomalies.unobserved(name, READ_POINTS)).filter((other) => other < batch);
  for (const other of before.toReversed()) {
    const point = await readPoint(ledger, other);
    if (point !== undefined) await ledger.anomalies.notePoint(point, []);
  }
}

interface Measured {
  readonly batch: BatchId;
  /** What the ledger says of the batch, and of those before it, where that was read already. */
  readonly view?: BatchView | undefined;
  readonly history?: PointHistory | undefined;
}

async function measure({ ledger, clock }: WatchContext, dataset: Dataset, known: Measured): Promise<void> {
  const { sensitivity } = dataset.anomalies;
  const point = await readPoint(ledger, known.batch, known.view);
  if (point === undefined || sensitivity === 'off') return;
  const isNews = clock.now() - point.at.getTime() < NEWS_MS;
  const history = isNews ? (known.history ?? (await ledger.anomalies.history(dataset.name, READ_POINTS))) : undefined;
  const unusual = history === undefined ? [] : judgePoint(point, history, sensitivity);
  await ledger.anomalies.notePoint(point, unusual);
}

async function readPoint({ read }: Pick<Ledger, 'read'>, batch: BatchId, view?: BatchView): Promise<Point | undefined> {
  const found = view ?? (await read.batch(batch));
  if (found?.manifest === undefined) return undefined;
  const { dataset, createdAt: at } = found.row;
  const [profile] = await read.findings({ batch, kind: 'profile', limit: 1 });
  return { batch, dataset, at, rows: found.manifest.rows.in, figures: figuresOf(found.manifest, profile?.data) };
}
