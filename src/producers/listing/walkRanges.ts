import { compareKeys } from '../../shared/stores/keys.js';
import type { ObjectStore, StoredObject } from '../../shared/stores/port.js';
import { middleKey } from './middleKey.js';

/** Keys after `after` up to and with `until` (undefined: to the end). */
export interface KeyRange {
  /** Whoever works on the pages moves it on. */
  after: string;
  until?: string | undefined;
  isDone: boolean;
}

export interface WalkOptions {
  readonly store: Pick<ObjectStore, 'list'>;
  readonly prefix: string;
  /** Listings at once. */
  readonly parallel: number;
  /** What is left of the prefix; ranges are split and added here while the walk goes on. */
  readonly ranges: KeyRange[];
  /** Works on the objects of a page, in their order within a range; several ranges come at once. False: no more is wanted. */
  readonly onPage: (objects: readonly StoredObject[], range: KeyRange) => Promise<boolean>;
  readonly signal?: AbortSignal | undefined;
}

/** Pages of a range before others help: asking where its keys lie costs some empty listings. */
const PAGES_ALONE = 8;

/** Ranges that turned out empty, in a row, after which nobody splits any more: one key's neighbours are too alike. */
const MAX_MISSES = 200;

/**
 * Lists a prefix by several listings at once: whoever has nothing to do takes the upper half of the key range of another. Nobody needs
 * to know how the keys are spread; ranges cover every key there can be, whenever it appears. Holds two pages a listing.
 */
export async function walkRanges(options: WalkOptions): Promise<void> {
  const walk = { ...options, busy: new Map<KeyRange, Progress>(), misses: 0, isOver: false };
  const ends = await Promise.allSettled(Array.from({ length: options.parallel }, () => help(walk)));
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
}

interface Progress {
  pages: number;
  /** The last key that was given to be worked on. */
  frontier: string;
}

interface Walk extends WalkOptions {
  readonly busy: Map<KeyRange, Progress>;
  misses: number;
  isOver: boolean;
}

async function help(walk: Walk): Promise<void> {
  for (;;) {
    if (walk.isOver) return;
    const range = walk.ranges.find((one) => !one.isDone && !walk.busy.has(one)) ?? splitBusiest(walk);
    if (range !== undefined) await walkRange(walk, range);
    else if (walk.busy.size === 0) return;
    // Somebody is at work whose range cannot be shared yet.
    else await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

function splitBusiest(walk: Walk): KeyRange | undefined {
  if (walk.misses > MAX_MISSES) return undefined;
  const sharable = [...walk.busy].filter(([, { pages }]) => pages >= PAGES_ALONE);
  const [busiest] = sharable.sort((a, b) => b[1].pages - a[1].pages);
  if (busiest === undefined) return undefined;
  const [range, { frontier }] = busiest;
  // Only a guess at where keys end: what is beyond it stays in the upper range.
  const middle = middleKey(frontier, range.until ?? `${walk.prefix}\u{10ffff}`);
  if (middle === undefined) return undefined;
  const upper: KeyRange = { after: middle, until: range.until, isDone: false };
  range.until = middle;
  walk.ranges.push(upper);
  return upper;
}

async function walkRange(walk: Walk, range: KeyRange): Promise<void> {
  const { store, prefix, signal } = walk;
  const mine: Progress = { pages: 0, frontier: range.after };
  walk.busy.set(range, mine);
  try {
    const list = store.list({
      prefix,
      ...(range.after === '' ? {} : { startAfter: range.after }),
      ...(signal === undefined ? {} : { signal }),
    });
    // The next page is listed while this one is worked on.
    let working: Promise<boolean> = Promise.resolve(true);
    for await (const page of list) {
      signal?.throwIfAborted();
      if (!(await working)) return;
      const objects = within(page, range.until);
      mine.pages += objects.length > 0 ? 1 : 0;
      mine.frontier = objects.at(-1)?.key ?? mine.frontier;
      working = workOn(walk, range, objects);
      working.catch(() => {});
      if (objects.length < page.length) break;
    }
    await working;
    if (!walk.isOver) range.isDone = true;
    walk.misses = mine.pages === 0 ? walk.misses + 1 : 0;
  } catch (error) {
    walk.isOver = true;
    throw error;
  } finally {
    walk.busy.delete(range);
  }
}

async function workOn(walk: Walk, range: KeyRange, objects: readonly StoredObject[]): Promise<boolean> {
  if (objects.length === 0 || walk.isOver) return !walk.isOver;
  const isWanted = await walk.onPage(objects, range);
  if (!isWanted) walk.isOver = true;
  return isWanted;
}

function within(page: readonly StoredObject[], until: string | undefined): readonly StoredObject[] {
  const last = page.at(-1);
  if (until === undefined || last === undefined || compareKeys(last.key, until) <= 0) return page;
  return page.filter(({ key }) => compareKeys(key, until) <= 0);
}
