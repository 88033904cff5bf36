import { expect, test } from 'vitest';
import { listLoads, showLoads } from '../../src/cli/ledgerViews.js';
import type { Output } from '../../src/cli/output.js';
import { parseConfig } from '../../src/shared/config/load.js';
import { asBatchId } from '../../src/shared/ids.js';
import type { Ledger, LoadRow } from '../../src/shared/ledger/port.js';

const text = `version: 1
targets: { snow: { type: snowflake, account: a, user: u, database: d, privateKeyFile: k }, pg: { type: postgres } }
datasets:
  orders: { source: { prefix: raw/ }, load: [{ target: snow, table: ORDERS }, { target: pg, table: orders }] }
`;

test('loads into Snowflake have expected credits and the cheaper way; others have none, and no column of it where there are only they', async () => {
  const parsed = parseConfig(text, { folder: '/srv' }, {});
  if (parsed.kind === 'faults') throw new Error(JSON.stringify(parsed.faults));
  const dataset = parsed.config.datasets[0]!;
  const load = (target: string, table: string): LoadRow => ({
    batch: asBatchId('01890000-0000-7000-8000-000000000001'),
    dataset: 'orders',
    target,
    table,
    rows: 10,
    bytes: 40_000_000,
    committedAt: new Date(0),
  });
  const listed = async (...rows: LoadRow[]) => {
    const ledger = { read: { loads: async () => rows } } as unknown as Ledger;
    return await listLoads(ledger, { config: parsed.config, dataset, limit: 10 });
  };
  const tables: (readonly unknown[])[] = [];
  const output = {
    table: (head: readonly unknown[], rows: readonly (readonly unknown[])[]) => tables.push(head, ...rows),
  };
  const both = await listed(load('snow', 'ORDERS'), load('pg', 'orders'));
  expect(both[0]).toMatchObject({ bytes: 40_000_000, way: 'copy', cheaperWay: 'snowpipe', expectedCredits: 61 / 3600 });
  expect(both[1]).not.toHaveProperty('expectedCredits');
  showLoads(output as unknown as Output, both);
  showLoads(output as unknown as Output, await listed(load('pg', 'orders')));
  expect(tables[0]).toContain('cheaper way');
  expect(tables[1]).toEqual(expect.arrayContaining(['0.01694', 'snowpipe (0.00015)']));
  expect(tables[3]).not.toContain('cheaper way');
});
