import { SluiceError } from '../shared/errors.js';

export interface GroupingOptions<I, O> {
  /** Does the work of a group; its answers stand in the items' order. All of the group fails together. */
  readonly run: (items: readonly I[]) => Promise<readonly O[]>;
  /** What an item adds to a group. */
  readonly weigh: (item: I) => number;
  /** A group is closed at this weight; one item may be heavier. */
  readonly maxWeight: number;
  /** Groups at work at once. */
  readonly lanes: number;
  /** More than this in waiting is refused. */
  readonly maxWaiting: number;
}

interface Waiting<I, O> {
  readonly item: I;
  readonly resolve: (answer: O) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Makes few calls out of many: a call that comes while all lanes are at work waits, and goes with all others that wait by then. So a lone
 * caller waits for nobody, and the cost of a commit is shared by those that come at once. Errors: those of `run`, to each caller of the
 * group; INTAKE_BUSY when too much waits.
 */
export function groupCalls<I, O>(options: GroupingOptions<I, O>): (item: I) => Promise<O> {
  const waiting: Waiting<I, O>[] = [];
  let waitingWeight = 0;
  let busy = 0;

  const start = () => {
    while (busy < options.lanes && waiting.length > 0) {
      const group = takeGroup(waiting, options);
      waitingWeight -= weightOf(group, options);
      busy += 1;
      void runGroup(group, options).finally(() => {
        busy -= 1;
        start();
      });
    }
  };

  return (item) =>
    new Promise((resolve, reject) => {
      const weight = options.weigh(item);
      if (waitingWeight + weight > options.maxWaiting && waiting.length > 0) {
        const message = `expected at most ${options.maxWaiting} arrivals in waiting, got ${waitingWeight + weight}`;
        return reject(new SluiceError('INTAKE_BUSY', message));
      }
      waitingWeight += weight;
      waiting.push({ item, resolve, reject });
      start();
    });
}

function takeGroup<I, O>(waiting: Waiting<I, O>[], { weigh, maxWeight }: GroupingOptions<I, O>): Waiting<I, O>[] {
  let weight = 0;
  let count = 0;
  for (const { item } of waiting) {
    weight += weigh(item);
    if (count > 0 && weight > maxWeight) break;
    count += 1;
  }
  return waiting.splice(0, count);
}

function weightOf<I, O>(group: readonly Waiting<I, O>[], { weigh }: GroupingOptions<I, O>): number {
  return group.reduce((sum, { item }) => sum + weigh(item), 0);
}

async function runGroup<I, O>(group: readonly Waiting<I, O>[], { run }: GroupingOptions<I, O>): Promise<void> {
  try {
    const answers = await run(group.map(({ item }) => item));
    for (const [index, { resolve, reject }] of group.entries()) {
      const answer = answers[index];
      if (answer === undefined) reject(new SluiceError('INTERNAL', 'expected an answer for each of the group'));
      else resolve(answer);
    }
  } catch (error) {
    for (const { reject } of group) reject(error);
  }
}
