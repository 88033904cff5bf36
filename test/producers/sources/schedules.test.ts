import { describe, expect, it } from 'vitest';
import { applySchedules, readSchedules } from '../../../src/producers/sources/schedules.js';
import { freshQueue } from '../support.js';

const sweep = { job: 'sweep', dataset: 'orders', everyMs: 900_000 } as const;
const nightly = { job: 'compact', dataset: 'orders', cron: '0 3 * * *', timezone: 'Europe/Berlin' } as const;

describe('readSchedules', () => {
  it('names each by its settings, without colons, and equal ones once', () => {
    const [first, second] = readSchedules([sweep, nightly, { ...sweep }]);
    expect(readSchedules([sweep, nightly, { ...sweep }])).toHaveLength(2);
    expect(first).toMatchObject({ everyMs: 900_000, job: { kind: 'maintain', name: 'sweep orders' } });
    expect(second).toMatchObject({ cron: '0 3 * * *', timezone: 'Europe/Berlin' });
    expect([first?.id, second?.id].join()).not.toContain(':');
    expect(readSchedules([{ ...sweep, everyMs: 1 }])[0]?.id).not.toBe(first?.id);
  });
});

describe('applySchedules', () => {
  it('ends the schedules that a newer configuration lacks', async () => {
    const queue = await freshQueue();
    await applySchedules({ schedules: [sweep, { job: 'audit', everyMs: 60_000 }] }, queue);
    const maintain = queue.bullQueues.find(({ name }) => name === 'maintain')!;
    expect(await maintain.getJobSchedulersCount()).toBe(2);
    await applySchedules({ schedules: [nightly] }, queue);
    const left = await maintain.getJobSchedulers();
    expect(left.map(({ pattern, tz }) => [pattern, tz])).toEqual([['0 3 * * *', 'Europe/Berlin']]);
  });

  it('looks at budgets every six hours where a target has one, or as the configuration says', async () => {
    const queue = await freshQueue();
    const snow = { type: 'snowflake', account: 'a', user: 'u', database: 'd', schema: 'PUBLIC', queryTag: {} } as const;
    const maintain = queue.bullQueues.find(({ name }) => name === 'maintain')!;
    const every = async () => (await maintain.getJobSchedulers()).map((one) => one.every);
    await applySchedules({ schedules: [], targets: { snow } }, queue);
    expect(await every()).toEqual([]);
    const targets = { snow: { ...snow, monthlyCredits: 20 } };
    await applySchedules({ schedules: [], targets }, queue);
    expect(await every()).toEqual([6 * 3_600_000]);
    await applySchedules({ schedules: [{ job: 'budget', everyMs: 60_000 }], targets }, queue);
    expect(await every()).toEqual([60_000]);
  });
});
