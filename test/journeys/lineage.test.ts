import { afterEach, expect, test } from 'vitest';
import type { RunEvent } from '../../src/shared/lineage/port.js';
import { atRest } from '../support/accounts.js';
import { lineageFaults } from '../support/openLineage.js';
import { openPipeline, type Pipeline } from '../support/pipeline.js';
import { openReceiver, type Receiver } from '../support/receiver.js';

let pipeline: Pipeline;
let server: Receiver;

afterEach(async () => {
  await pipeline.close();
  await server.close();
});

const orders = `  orders:
    source: { prefix: raw/orders/ }
    batch: { maxWait: 0s }
    columns: { id: { checks: [unique, { expr: "id > 1", warn: 0 }] } }
    load: [{ target: warehouse, table: orders }]
`;

const settings = () => `lineage: { openlineage: { url: "http://127.0.0.1:${server.port}", namespace: test } }`;

const events = (): RunEvent[] => server.received.map(({ body }) => JSON.parse(body));

test('every step of a batch is told, valid by the published schemas, from the files to the table', async () => {
  server = await openReceiver();
  pipeline = await openPipeline({ datasets: orders, settings: settings() });
  await pipeline.put('raw/orders/a.csv', 'id,note\n1,x\n2,y\n');
  await pipeline.settled(1);
  await pipeline.until(async () => events().length === 10);
  expect(events().flatMap(lineageFaults)).toEqual([]);
  const told = events().map(({ eventType, job }) => `${job.name} ${eventType}`);
  const steps = ['compact', 'profile', 'skew', 'check', 'load.warehouse.orders'];
  expect(told).toEqual(steps.flatMap((step) => [`orders.${step} START`, `orders.${step} COMPLETE`]));
  const [compacted, loaded] = [events()[1]!, events()[9]!];
  expect(compacted.inputs[0]).toMatchObject({ namespace: 's3://lake', name: 'raw/orders' });
  expect(compacted.inputs[0]?.inputFacets?.['subset']).toMatchObject({
    inputCondition: { locations: ['s3://lake/raw/orders/a.csv'] },
  });
  expect(loaded.inputs[0]).toMatchObject({ name: compacted.outputs[0]?.name });
  expect(loaded.outputs[0]?.name).toMatch(/\.public\.orders$/);
  expect(loaded.outputs[0]?.outputFacets?.['outputStatistics']).toMatchObject({ rowCount: 2 });
  expect(loaded.inputs[0]?.inputFacets?.['dataQualityAssertions']).toMatchObject({
    assertions: [{ success: true }, { success: false, severity: 'warn' }],
  });
  expect(new Set(events().map(({ run }) => run.runId)).size).toBe(5);
});

test('a step that fails is told with its reason; a server that is away changes nothing', async () => {
  server = await openReceiver();
  pipeline = await openPipeline({ datasets: orders, settings: settings() });
  await pipeline.query('create table orders (id text[])');
  await pipeline.put('raw/orders/a.csv', 'id\n1\n');
  await pipeline.until(async () => events().some(({ eventType }) => eventType === 'FAIL'));
  const failed = events().find(({ eventType }) => eventType === 'FAIL')!;
  expect(lineageFaults(failed)).toEqual([]);
  expect(failed.run.facets['errorMessage']).toMatchObject({ message: expect.stringContaining('TARGET_') });
  await server.close();
  await pipeline.query('drop table orders');
  await pipeline.put('raw/orders/b.csv', 'id\n2\n');
  await pipeline.until(async () =>
    (await pipeline.services.ledger.objects.counts()).some(({ state }) => state === 'loaded'),
  );
  await atRest(pipeline);
});
