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

/** Another day of the same kind. */
export interface Variant {
  /** So many times as much. */
  readonly rate?: number;
  /** 0: exactly as described. Others: each minute brings between half as much and half as much more, and clocks start elsewhere. */
  readonly seed?: number;
}

const HOUR = 3600;

/** Every trace, in the order of what they stand for: even load, one flood, a day, and next to nothing. */
export function openTraces({ rate = 1, seed = 0 }: Variant = {}): readonly Trace[] {
  const late = Math.floor(share(seed, 0) * 60);
  const much = (second: number) => rate * (seed === 0 ? 1 : 0.5 + share(seed, Math.floor(second / 60) + 1));
  return [
    {
      // Twenty datasets, forty files of 1 MB a second between them, for four hours.
      name: 'steady',
      seconds: 4 * HOUR,
      at: (second) =>
        [0, 7]
          .map((offset) => (second + offset) % 20)
          .filter((dataset) => second >= share(seed, -dataset - 1) * 120)
          .map((dataset) => ({ dataset, files: 20 * much(second), bytes: 20e6 * much(second) })),
    },
    {
      // 50,000 files in two minutes into one dataset, 10 GB between them, after a quiet hour; nothing follows.
      name: 'burst',
      seconds: HOUR + 180,
      at: (second) => {
        const isFlood = second >= HOUR + late && second < HOUR + late + 120;
        return isFlood ? [{ dataset: 0, files: (rate * 50_000) / 120, bytes: (rate * 10e9) / 120 }] : [];
      },
    },
    {
      // A day of ten datasets, nearly nothing at night, 120 MB a second at noon.
      name: 'wave',
      seconds: 24 * HOUR,
      at: (second) => {
        const height = (1 - Math.cos((second / (24 * HOUR)) * 2 * Math.PI)) / 2;
        const bytes = 120e6 * height ** 2 * much(second);
        return [{ dataset: second % 10, files: Math.ceil(bytes / 4e6), bytes }];
      },
    },
    {
      // Sixty datasets, each with one small file every ten minutes: exports that run on the clock, within the same half minute.
      name: 'trickle',
      seconds: 8 * HOUR,
      at: (second) => {
        const place = (second + 600 - late) % 600;
        const before = Math.floor(place * 2 * rate);
        const count = place < 30 ? Math.floor((place + 1) * 2 * rate) - before : 0;
        return Array.from({ length: count }, (_, index) => ({ dataset: before + index, files: 1, bytes: 50e3 }));
      },
    },
  ];
}

/** At least 0, below 1; the same for the same numbers (mulberry32). 0 for seed 0. */
function share(seed: number, index: number): number {
  if (seed === 0) return 0;
  let mixed = (seed * 0x9e3779b1 + index * 0x6d2b79f5) | 0;
  mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
  mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
}
