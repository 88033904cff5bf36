import type { Pace } from './harness/runPairs.js';
import type { Result } from './harness/result.js';

/** What a suite works with. */
export interface Bench extends Pace {
  /** Small data and one pair: whether the benchmark still runs, not how fast anything is. */
  readonly quick: boolean;
  /** Share of the full data, above 0 and at most 1: for machines that have no quarter of an hour. */
  readonly part: number;
  /** A folder of this run alone, removed at its end. */
  readonly scratch: string;
  /** Gives a line to the table as soon as it is known. */
  readonly add: (...results: Result[]) => void;
}

/** Measures and adds its lines; what it adds not is listed as not run. */
export type Suite = (bench: Bench) => Promise<void>;
