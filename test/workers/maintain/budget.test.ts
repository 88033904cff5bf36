import { expect, test } from 'vitest';
import { parseConfig } from '../../../src/shared/config/load.js';
import { SluiceError } from '../../../src/shared/errors.js';
import { asBatchId } from '../../../src/shared/ids.js';
import type { LoadRow, NewAlert } from '../../../src/shared/ledger/port.js';
import { silentLog } from '../../../src/shared/telemetry/log.js';
import { watchBudgets } from '../../../src/workers/maintain/budget.js';

const text = (credits: string) => `version: 1
targets: { snow: { type: snowflake, account: a, user: u, database: d, privateKeyFile: k${credits} }, pg: { type: postgres } }
datasets:
  orders: { source: { prefix: raw/ }, load: [{ target: snow, table: ORDERS }] }
`;
const NOW = Date.parse('2026-11-23T12:00:00Z');

/** Watches with these credits of the month; `undefined`: the role may not read them. */
const watch = async (
  answer: readonly [string, string] | undefined,
  loads: readonly Partial<LoadRow>[] = [],
  limit = ', monthlyCredits: 10',
) => {
  const parsed = parseConfig(text(limit), { folder: '/srv' }, {});
  if (parsed.kind === 'faults') throw new Error(JSON.stringify(parsed.faults));
  const raised: NewAlert[] = [];
  const asked: string[] = [];
  const ask = async (sql: string) => {
    asked.push(sql);
    if (answer === undefined) throw new SluiceError('TARGET_DENIED', 'expected the right, got none');
    const rows = sql.includes('PIPE_USAGE') ? [['P', answer[1], '0']] : [['7', answer[0]]];
    return { columns: [], kinds: [], rows };
  };
  const rows = loads.map((load): LoadRow => ({
    batch: asBatchId('01890000-0000-7000-8000-000000000001'),
    dataset: 'orders',
    target: 'snow',
    table: 'ORDERS',
    rows: 1,
    bytes: 1,
    committedAt: new Date(NOW),
    ...load,
  }));
  const summary = await watchBudgets({
    config: parsed.config,
    logger: silentLog,
    clock: { now: () => NOW, sleep: async () => {} },
    warehouse: () => ({ ask }) as never,
    ledger: {
      alerts: { raise: async (alerts: readonly NewAlert[]) => void raised.push(...alerts) },
      read: { loads: async () => rows },
    } as never,
  });
  return { summary, raised, asked };
};

test('below 80% of the month’s credits nobody is told', async () => {
  expect(await watch(['7.9', '0'])).toMatchObject({ summary: { targets: 1, near: 0 }, raised: [] });
  expect(await watch(['99', '0'], [], '')).toMatchObject({ summary: { targets: 0, near: 0 }, asked: [] });
});

test('from 80% on an alert says so, once a month; above the budget another one', async () => {
  const { raised } = await watch(['6', '2']);
  expect(raised).toMatchObject([
    {
      kind: 'budget',
      dataset: 'snow',
      name: '80% of the credits of 2026-11 are used',
      facts: { credits: 8, monthlyCredits: 10, usedPercent: 80, source: 'Snowflake’s own account' },
    },
  ]);
  expect((await watch(['10', '0.1'])).raised[0]?.name).toBe('the credits of 2026-11 are used up');
});

test('without the right to read Snowflake’s account the loads of the month in the ledger are weighed', async () => {
  const hour = (hours: number) => new Date(NOW - hours * 3_600_000);
  const month = Array.from({ length: 500 }, (_, index) => ({ committedAt: hour(index) }));
  // An hour apart, each wakes the warehouse for a minute.
  const { raised } = await watch(undefined, [...month, { target: 'pg' }]);
  expect(raised[0]?.facts).toMatchObject({ credits: expect.closeTo(500 / 60, 5), usedPercent: 83 });
  const { raised: none } = await watch(undefined, [{ committedAt: hour(24 * 40) }]);
  expect(none).toEqual([]);
});
