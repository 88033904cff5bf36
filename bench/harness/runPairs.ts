import { runSide } from './runSide.js';
import type { Pair, Pairs } from './result.js';
import type { Json, Measured, SideSpec } from './side.js';

/** How often, and where to say what goes on. */
export interface Pace {
  readonly pairs: number;
  /** One run of each side before the first pair, to fill the page cache; not counted. */
  readonly warmUp: boolean;
  readonly note: (text: string) => void;
}

export interface Comparison {
  /** A function makes the side anew for each run (a database of its own). */
  readonly a: SideSpec | (() => Promise<SideSpec>);
  readonly b: SideSpec | (() => Promise<SideSpec>);
  /** Says what differs, or undefined. Default: both digests must be equal. */
  readonly differ?: (a: Json, b: Json) => string | undefined;
}

/** The two sides did not do the same work, so no ratio of theirs means anything. */
export class Refused extends Error {}

/** Runs A B A B ..., each run in a process of its own. Throws Refused when a pair's results differ. */
export async function runPairs({ a, b, differ = differs }: Comparison, pace: Pace): Promise<Pairs> {
  const titles = { a: '', b: '' };
  const run = async (which: 'a' | 'b') => {
    const side = which === 'a' ? a : b;
    const spec = typeof side === 'function' ? await side() : side;
    titles[which] = spec.title;
    return runSide(spec);
  };
  if (pace.warmUp) {
    await run('a');
    await run('b');
  }
  const pairs: Pair[] = [];
  for (let index = 0; index < pace.pairs; index++) {
    const pair = { a: await run('a'), b: await run('b') };
    const difference = differ(pair.a.digest, pair.b.digest);
    if (difference !== undefined) throw new Refused(`${titles.a} and ${titles.b} did not do the same: ${difference}`);
    pairs.push(pair);
    pace.note(`  ${index + 1}/${pace.pairs}  ${describe(titles.a, pair.a)}  |  ${describe(titles.b, pair.b)}`);
  }
  return { titles, pairs };
}

function describe(title: string, { wallSeconds, cpuSeconds, peakRssBytes }: Measured): string {
  return `${title}: ${wallSeconds.toFixed(2)} s, CPU ${cpuSeconds.toFixed(2)} s, ${Math.round(peakRssBytes / 1e6)} MB`;
}

function differs(a: Json, b: Json): string | undefined {
  const [left, right] = [canonical(a), canonical(b)];
  return left === right ? undefined : `expected ${shown(right)}, got ${shown(left)}`;
}

/** JSON with sorted keys. */
function canonical(value: Json): string {
  return JSON.stringify(value, (_key, inner: Json) =>
    inner !== null && typeof inner === 'object' && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

function shown(text: string): string {
  return text.length > 300 ? `${text.slice(0, 300)}...` : text;
}
