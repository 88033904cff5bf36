import { describe, expect, it } from 'vitest';
import { groupCalls } from '../../src/producers/groupCalls.js';
import { fc } from '../support/fc.js';

/** A run that waits until the test lets it end. */
function openRun() {
  const groups: { items: readonly number[]; end: (error?: Error) => void }[] = [];
  const run = (items: readonly number[]) =>
    new Promise<readonly string[]>((resolve, reject) => {
      const end = (error?: Error) =>
        error === undefined ? resolve(items.map((item) => `did ${item}`)) : reject(error);
      groups.push({ items, end });
    });
  return { groups, run };
}

const limits = { weigh: (item: number) => item, maxWeight: 10, lanes: 1, maxWaiting: 100 };
const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('groupCalls', () => {
  it('lets a lone call go at once, and those that come meanwhile go together', async () => {
    const { groups, run } = openRun();
    const call = groupCalls({ ...limits, run });
    const answers = [1, 2, 3, 4].map((item) => call(item));
    expect(groups.map(({ items }) => items)).toEqual([[1]]);
    groups[0]!.end();
    await turn();
    expect(groups.map(({ items }) => items)).toEqual([[1], [2, 3, 4]]);
    groups[1]!.end();
    expect(await Promise.all(answers)).toEqual(['did 1', 'did 2', 'did 3', 'did 4']);
  });

  it('closes a group at its weight, and takes a heavier item alone', async () => {
    const { groups, run } = openRun();
    const call = groupCalls({ ...limits, run });
    for (const item of [1, 6, 4, 5, 50, 2]) void call(item);
    for (let done = 0; done < groups.length; done += 1) {
      groups[done]!.end();
      await turn();
    }
    expect(groups.map(({ items }) => items)).toEqual([[1], [6, 4], [5], [50], [2]]);
  });

  it('fails all of a group together, and goes on with the next', async () => {
    const { groups, run } = openRun();
    const call = groupCalls({ ...limits, run });
    const answers = [call(1), call(2), call(3)];
    groups[0]!.end();
    await turn();
    groups[1]!.end(new Error('away'));
    const settled = await Promise.allSettled(answers);
    expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected']);
    const later = call(4);
    groups[2]!.end();
    expect(await later).toBe('did 4');
  });

  it('refuses what it has no room for, and takes it once there is room', async () => {
    const { groups, run } = openRun();
    const call = groupCalls({ ...limits, run, maxWaiting: 12 });
    const answers = [call(1), call(6), call(6)];
    await expect(call(1)).rejects.toMatchObject({ code: 'INTAKE_BUSY' });
    groups[0]!.end();
    await turn();
    answers.push(call(1));
    for (let done = 1; done < groups.length; done += 1) {
      groups[done]!.end();
      await turn();
    }
    expect(await Promise.all(answers)).toHaveLength(4);
  });

  it('answers each call with its own answer, in any order of ends', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 20 })), fc.scheduler(), async (items, scheduler) => {
        const run = async (group: readonly number[]) => {
          await scheduler.schedule(Promise.resolve());
          return group.map((item) => `did ${item}`);
        };
        const call = groupCalls({ ...limits, lanes: 3, maxWaiting: 1000, run });
        const answers = items.map((item) => call(item));
        await scheduler.waitFor(Promise.all(answers));
        expect(await Promise.all(answers)).toEqual(items.map((item) => `did ${item}`));
      }),
    );
  });
});
