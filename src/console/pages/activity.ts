import { formatCount, formatShort } from '../format.js';
import { html, type Html } from '../html.js';
import { ACTIVITY_BIN_SECONDS, ACTIVITY_MINUTES, type Snapshot } from '../live/snapshot.js';

const BINS = (ACTIVITY_MINUTES * 60) / ACTIVITY_BIN_SECONDS;
const HEIGHT = 64;

/** Rows that the targets took, as bars over the last quarter of an hour. */
export function renderActivity({ at, activity }: Pick<Snapshot, 'at' | 'activity'>): Html {
  const binMs = ACTIVITY_BIN_SECONDS * 1000;
  const end = Math.floor(at.getTime() / binMs) * binMs;
  const most = Math.max(1, ...activity.map(({ rows }) => rows));
  const bars = activity
    .map((bin) => ({ ...bin, place: BINS - 1 - (end - bin.at.getTime()) / binMs }))
    .filter(({ place }) => place >= 0 && place < BINS)
    .map(({ at: from, rows, place }) => {
      const height = Math.max(2, (HEIGHT * rows) / most);
      const tip = `${formatCount(rows)} rows in ${ACTIVITY_BIN_SECONDS} s from ${from.toISOString().slice(11, 19)} UTC`;
      return html`<rect x="${place * 10}" y="${HEIGHT - height}" width="8" height="${height}" rx="1.5"
        ><title>${tip}</title></rect
      >`;
    });
  const total = activity.reduce((sum, { rows }) => sum + rows, 0);
  const peak = `${formatShort(Math.round(most / ACTIVITY_BIN_SECONDS))} rows/s at the peak`;
  return html`<div class="chart-head">
      <h2 id="activity-name">Rows into targets</h2>
      <p class="muted">
        ${total === 0 ? 'nothing loaded in the last 15 minutes' : `${formatCount(total)} in the last 15 minutes, ${peak}`}
      </p>
    </div>
    <svg
      class="chart"
      viewBox="0 0 ${BINS * 10} ${HEIGHT}"
      preserveAspectRatio="none"
      role="img"
      aria-labelledby="activity-name"
    >
      <line class="axis" x1="0" x2="${BINS * 10}" y1="${HEIGHT - 0.5}" y2="${HEIGHT - 0.5}" />
      ${bars}
    </svg>
    <p class="chart-axis muted" aria-hidden="true"><span>15 min ago</span><span>now</span></p>`;
}
