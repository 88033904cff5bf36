/** Files that land in one dataset within one second. */
export interface Arrivals {
  readonly dataset: number;
  readonly files: number;
  readonly bytes: number;
}

/** What lands, second by second. */
export interface Trace {
  readonly name: TraceName;
  readonly seconds: number;
  /** Deterministic: the same second gives the same files. */
  at(second: number): readonly Arrivals[];
}

export const TRACE_NAMES = ['steady', 'burst', 'wave', 'trickle'] as const;
export type TraceName = (typeof TRACE_NAMES)[number];

const HOUR = 3600;

/** Twenty datasets, forty files of 1 MB a second between them, for four hours. */
const steady: Trace = {
  name: 'steady',
  seconds: 4 * HOUR,
  at: (second) => [0, 7].map((offset) => ({ dataset: (second + offset) % 20, files: 20, bytes: 20e6 })),
};

/** 50,000 files in two minutes into one dataset, 10 GB between them, after a quiet hour; nothing follows. */
const burst: Trace = {
  name: 'burst',
  seconds: HOUR + 120,
  at: (second) => (second < HOUR ? [] : [{ dataset: 0, files: 50_000 / 120, bytes: 10e9 / 120 }]),
};

/** A day of ten datasets, nearly nothing at night, 120 MB a second at noon. */
const wave: Trace = {
  name: 'wave',
  seconds: 24 * HOUR,
  at: (second) => {
    const share = (1 - Math.cos((second / (24 * HOUR)) * 2 * Math.PI)) / 2;
    const bytes = 120e6 * share ** 2;
    return [{ dataset: second % 10, files: Math.ceil(bytes / 4e6), bytes }];
  },
};

/** Sixty datasets, each with one small file every ten minutes: exports that run on the clock, within the same half minute. */
const trickle: Trace = {
  name: 'trickle',
  seconds: 8 * HOUR,
  at: (second) => {
    const place = second % 600;
    return place < 30 ? [0, 1].map((offset) => ({ dataset: place * 2 + offset, files: 1, bytes: 50e3 })) : [];
  },
};

/** Every trace, in the order of the issue that they stand for: even load, one flood, a day, and next to nothing. */
export const TRACES: readonly Trace[] = [steady, burst, wave, trickle];
