import { Presets, SingleBar } from 'cli-progress';
import { systemClock } from '../../shared/clock.js';
import type { Ledger } from '../../shared/ledger/port.js';
import { type Output, showNumber } from '../output.js';

/** Where the work stands. */
export interface ProgressCounts {
  readonly done: number;
  readonly total: number;
  readonly rows: number;
}

const POLL_MS = 300;

/** Draws a bar on a terminal until stopped; elsewhere nothing. A count that fails is passed over: the next one follows. */
export function startProgress(output: Output, count: () => Promise<ProgressCounts>): { stop(): Promise<void> } {
  if (!output.live) return { stop: async () => {} };
  const bar = new SingleBar(
    {
      format: '{bar} {value}/{total} files, {rows} rows, {rate} rows/s{left}',
      hideCursor: true,
      stream: process.stderr,
    },
    Presets.shades_classic,
  );
  const startedAt = performance.now();
  bar.start(1, 0, { rows: '0', rate: '0', left: '' });
  const stopping = new AbortController();
  const draw = async () => {
    const { done, total, rows } = await count();
    const seconds = (performance.now() - startedAt) / 1000;
    const rate = Math.round(rows / seconds);
    const left = done === 0 ? '' : `, ${Math.ceil(((total - done) / done) * seconds)} s left`;
    bar.setTotal(Math.max(total, 1));
    bar.update(done, { rows: showNumber(rows), rate: showNumber(rate), left });
  };
  const loop = (async () => {
    while (!stopping.signal.aborted) {
      await draw().catch(() => {});
      await systemClock.sleep(POLL_MS, stopping.signal).catch(() => {});
    }
    await draw().catch(() => {});
    bar.stop();
  })();
  return {
    stop: () => {
      stopping.abort();
      return loop;
    },
  };
}

/** Counts of the ledger since the run began: objects at the end of their way among all, and rows loaded. */
export async function openLedgerCounts(
  ledger: Ledger,
  datasets: readonly string[],
): Promise<() => Promise<ProgressCounts>> {
  const atFirst = await countLedger(ledger, datasets);
  return async () => {
    const now = await countLedger(ledger, datasets);
    return { done: now.done - atFirst.done, total: now.total - atFirst.done, rows: now.rows - atFirst.rows };
  };
}

const ENDED: ReadonlySet<string> = new Set(['judged', 'loaded', 'quarantined', 'ignored', 'superseded']);

async function countLedger(ledger: Ledger, datasets: readonly string[]): Promise<ProgressCounts> {
  const counts = (await ledger.objects.counts()).filter(({ dataset }) => datasets.includes(dataset));
  const loads = await Promise.all(datasets.map((dataset) => ledger.read.loads(dataset, 10_000)));
  const objects = (rows: typeof counts) => rows.reduce((sum, row) => sum + row.objects, 0);
  return {
    done: objects(counts.filter(({ state }) => ENDED.has(state))),
    total: objects(counts),
    rows: loads.flat().reduce((sum, { rows }) => sum + rows, 0),
  };
}
