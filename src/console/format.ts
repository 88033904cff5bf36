import { html, type Html } from './html.js';

const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat('en-US', { notation: 'compact', maximumFractionDigits: 1 });

/** 1234567 as `1,234,567`. */
export function formatCount(value: number): string {
  return whole.format(value);
}

/** For headlines: exact below 100,000, then `1.2M`. */
export function formatShort(value: number): string {
  return value < 100_000 ? whole.format(value) : short.format(value);
}

/** `1 file`, `2 files`. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB', 'EB'] as const;

/** Bytes in decimal units, three digits: `1.23 MB`. */
export function formatBytes(bytes: number): string {
  let power = 0;
  // Compared as it will be shown, so that 999,999 bytes are 1.00 MB and not 1000 kB.
  while (power < UNITS.length - 1 && Number((bytes / 1000 ** power).toPrecision(3)) >= 1000) power += 1;
  return `${power === 0 ? bytes : (bytes / 1000 ** power).toPrecision(3)} ${UNITS[power] ?? 'B'}`;
}

/** 0.1234 as `12.3%`. */
export function formatShare(share: number): string {
  return `${(share * 100).toFixed(share < 0.1 ? 1 : 0)}%`;
}

/** Milliseconds as `420 ms`, `3.2 s`, `4 min 10 s`, `3 h 5 min`. */
export function formatDuration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(ms < 10_000 ? 1 : 0)} s`;
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 60) return `${minutes} min ${Math.floor((ms % 60_000) / 1000)} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** A moment: UTC as sent, in the reader's own zone once the page's script has run. */
export function formatTime(at: Date): Html {
  const iso = at.toISOString();
  return html`<time datetime="${iso}">${iso.slice(0, 19).replace('T', ' ')} UTC</time>`;
}
