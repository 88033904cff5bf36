import { Presets, SingleBar } from 'cli-progress';
import type { SweepReceipt } from '../producers/sources/sweep.js';
import { type Output, showNumber } from './output.js';

/**
 * Draws how far a listing is, on a terminal; elsewhere nothing. With a limit a bar with the time left; without one nobody knows how much
 * there is, so counts and the rate.
 */
export function startSweepProgress(
  output: Output,
  limit?: number,
): { readonly onProgress: (soFar: SweepReceipt) => void; stop(): void } {
  if (!output.live) return { onProgress: () => {}, stop: () => {} };
  const format =
    limit === undefined
      ? '{found} listed, {value} recorded, {rate} listed/s, {duration_formatted}'
      : '{bar} {value}/{total} recorded, {found} listed, {rate} listed/s, {eta_formatted} left';
  const bar = new SingleBar({ format, hideCursor: true, stream: process.stderr }, Presets.shades_classic);
  const startedAt = performance.now();
  let first: number | undefined;
  bar.start(limit ?? Number.MAX_SAFE_INTEGER, 0, { found: '0', rate: '0' });
  return {
    onProgress({ found, recorded }) {
      // What was listed before a kill was not listed in this time.
      first ??= found;
      const rate = Math.round((found - first) / ((performance.now() - startedAt) / 1000));
      bar.update(recorded, { found: showNumber(found), rate: showNumber(rate) });
    },
    stop: () => bar.stop(),
  };
}
