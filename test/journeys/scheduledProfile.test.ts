import { afterEach, expect, test } from 'vitest';
import { readDatasetProfile } from '../../src/shared/findings/datasetProfile.js';
import { openPipeline, type Pipeline } from '../support/pipeline.js';

let pipeline: Pipeline;

afterEach(() => pipeline.close());

const orders = `  orders:
    source: { prefix: raw/orders/ }
    batch: { maxWait: 0s }
    load: [{ target: warehouse, table: orders }]
`;

test('a schedule of the configuration profiles the dataset, and tells a column that came', async () => {
  pipeline = await openPipeline({ datasets: orders, settings: 'schedules: [{ job: profile, every: 1s }]' });
  const { ledger } = pipeline.services;
  await pipeline.put('raw/orders/a.csv', 'id,amount\n1,9.50\n2,7\n');
  await pipeline.settled(1);
  await pipeline.put('raw/orders/b.csv', 'id,amount,note\n3,1,x\n');
  await pipeline.settled(2);
  const noted = async () => (await readDatasetProfile(ledger, 'orders')).noted;
  // A round that came before the second file was loaded had nothing to tell.
  await pipeline.until(async () => ((await noted())?.drift.drifts.length ?? 0) > 0);
  expect((await noted())?.drift).toEqual({
    batches: 1,
    rows: 2,
    drifts: [{ column: 'note', kind: 'added', is: 'VARCHAR' }],
  });
});
