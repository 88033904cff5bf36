import { afterEach, expect, test } from 'vitest';
import { decideAside, listAside } from '../../src/cli/quarantine.js';
import { acceptSchema, diffVersions, readSchemaReport } from '../../src/cli/schema.js';
import { planTables } from '../../src/cli/schemaTables.js';
import { expectBalanced } from '../support/accounts.js';
import { openPipeline, type Pipeline } from '../support/pipeline.js';

let pipeline: Pipeline;

afterEach(() => pipeline.close());

const list = () => listAside(pipeline.services.ledger, { dataset: undefined, limit: 100 });

test('a type that breaks is quarantined by name, accepted by somebody, replayed and loaded, and the changelog says so', async () => {
  pipeline = await openPipeline({
    datasets: `  orders:
    source: { prefix: raw/orders/ }
    batch: { maxWait: 0s }
    load: [{ target: warehouse, table: orders }]`,
  });
  const { services } = pipeline;
  await pipeline.put('raw/orders/a.csv', 'id,day\n1,2024-05-01\n2,2024-05-02\n');
  await pipeline.settled(1);
  await pipeline.put('raw/orders/b.csv', 'id,day\nA7,2024-05-03\nA8,2024-05-04\n');
  await pipeline.settled(2);
  const [bad] = await list();
  expect(bad).toMatchObject({ kind: 'object', uri: 's3://lake/raw/orders/b.csv', code: 'TYPE_CHANGED' });
  expect(bad!.reason).toBe('column id: expected BIGINT, got VARCHAR in 2 rows, first in row 1');
  const report = await readSchemaReport(services.ledger, 'orders');
  expect(report.breaks).toEqual([{ id: bad!.id, uri: bad!.uri, column: 'id', from: 'BIGINT', to: 'VARCHAR' }]);

  const accept = { who: 'ann', why: 'ids have letters now', as: new Map<string, string>() };
  const answer = await acceptSchema(services.ledger, 'orders', accept);
  expect(answer).toMatchObject({ version: 2, changes: [{ column: 'id', from: 'BIGINT', to: 'VARCHAR' }] });
  expect((await acceptSchema(services.ledger, 'orders', accept)).changes).toEqual([]);
  const tables = () => planTables(services, pipeline.config.datasets[0]!, answer.columns);
  expect(await tables()).toEqual([
    { target: 'warehouse', table: 'orders', refused: expect.stringContaining('column "id": expected text') },
  ]);
  // the table is its owner's: Sluice does not turn numbers into text there
  await pipeline.query('ALTER TABLE orders ALTER COLUMN id TYPE text');
  expect(await tables()).toEqual([]);
  const wider = [...answer.columns, { name: 'note', type: 'VARCHAR' }];
  expect(await planTables(services, pipeline.config.datasets[0]!, wider)).toMatchObject([
    { runs: [expect.stringContaining('ADD COLUMN "note" text')] },
  ]);
  await decideAside(services, { verb: 'replay', ids: answer.replay, by: 'ann' });
  await pipeline.until(async () => (await pipeline.query('SELECT 1 FROM orders')).length === 4);
  expect((await pipeline.query('SELECT id FROM orders ORDER BY id')).map(({ id }) => id)).toEqual([
    '1',
    '2',
    'A7',
    'A8',
  ]);
  expect(await list()).toEqual([]);

  const after = await readSchemaReport(services.ledger, 'orders');
  expect(after.versions.map(({ version, why }) => [version, why])).toEqual([
    [2, 'accepted by ann: "id" from BIGINT to VARCHAR (ids have letters now)'],
    [1, expect.any(String)],
  ]);
  expect(diffVersions(after, 1, 2)).toEqual([{ column: 'id', from: 'BIGINT', to: 'VARCHAR' }]);
  await expectBalanced(pipeline);
});
