import { z } from 'zod';
import type { Clock } from '../../shared/clock.js';
import type { ArrivalLedger } from '../../shared/ledger/port.js';
import { NOTHING_FOUND, receiptSchema, type SweepReceipt } from './sweepCounts.js';
import type { KeyRange } from './walkRanges.js';

const stateSchema = z.object({
  v: z.literal(1),
  ranges: z.array(z.object({ after: z.string(), until: z.string().optional() })),
  receipt: receiptSchema,
});

/** Between two saves: a listing that is killed does this much again. */
const SAVE_MS = 1_000;

/** How far a listing came, kept in the ledger. */
export interface Cursor {
  readonly begunAt: Date;
  /** What is left to list; grows and moves on with the walk. */
  readonly ranges: KeyRange[];
  /** What was found before this process took the listing over. */
  readonly before: SweepReceipt;
  /** Saves when the last save is a second old. `heldFrom`: where a range has objects that are not settled yet. */
  save(receipt: SweepReceipt, heldFrom: ReadonlyMap<KeyRange, string>): Promise<void>;
  end(): Promise<void>;
}

export interface CursorOptions {
  readonly ledger: Pick<ArrivalLedger, 'takeListing' | 'saveListing' | 'endListing'>;
  /** The same for the same listing. */
  readonly name: string;
  readonly holder: string;
  readonly clock: Pick<Clock, 'now'>;
}

/** Takes the listing of that name up where it was left, or begins it. A state that cannot be read is begun anew. */
export async function openCursor({ ledger, name, holder, clock }: CursorOptions): Promise<Cursor> {
  const { begunAt, state } = await ledger.takeListing(name, holder);
  const left = stateSchema.safeParse(state);
  const ranges: KeyRange[] = left.success
    ? left.data.ranges.map((range) => ({ ...range, isDone: false }))
    : [{ after: '', isDone: false }];
  let savedAt = clock.now();
  return {
    begunAt,
    ranges,
    before: left.success ? left.data.receipt : NOTHING_FOUND,
    async save(receipt, heldFrom) {
      if (clock.now() - savedAt < SAVE_MS) return;
      savedAt = clock.now();
      const open = ranges.filter((range) => !range.isDone || heldFrom.has(range));
      const saved = open.map((range) => ({ after: heldFrom.get(range) ?? range.after, until: range.until }));
      await ledger.saveListing(name, holder, { v: 1, ranges: saved, receipt });
    },
    end: () => ledger.endListing(name, holder),
  };
}
