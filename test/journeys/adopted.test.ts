import { createHash } from 'node:crypto';
import { afterEach, expect, test } from 'vitest';
import { auditDeeply } from '../../src/cli/audit.js';
import { decideAside, listAside } from '../../src/cli/quarantine.js';
import type { Artifact } from '../../src/shared/ledger/manifest.js';
import { silentLog } from '../../src/shared/telemetry/log.js';
import { retireOriginals } from '../../src/workers/maintain/retireOriginals.js';
import { expectBalanced, orderIds } from '../support/accounts.js';
import { parquet } from '../support/parquet.js';
import { openPipeline, type Pipeline } from '../support/pipeline.js';

let pipeline: Pipeline;

afterEach(() => pipeline.close());

const orders = (more = '') => `  orders:
    source: { prefix: raw/orders/ }
    batch: { maxWait: 0s }
${more}    load: [{ target: warehouse, table: orders }]
`;
const holding = '    columns: { id: { checks: [{ expr: "id < 100", onFail: hold }] } }\n';
const person = { who: 'ann', why: 'a test' };

/** The artifacts of every batch, oldest first. */
async function artifacts(): Promise<readonly Artifact[]> {
  const { read } = pipeline.services.ledger;
  const rows = await read.batches('orders', 100);
  const views = await Promise.all(rows.toReversed().map(({ batch }) => read.batch(batch)));
  return views.flatMap((view) => view?.manifest?.artifacts ?? []);
}

async function aside() {
  return listAside(pipeline.services.ledger, { dataset: undefined, limit: 10 });
}

async function keys(prefix: string): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const page of pipeline.services.lake.list({ prefix })) found.push(...page.map(({ key }) => key));
  return found;
}

test('a lone good Parquet file is its own artifact, its rows carry their places, and a person with other settings cannot delete it', async () => {
  pipeline = await openPipeline({ datasets: orders() });
  const bytes = await parquet('SELECT i::INTEGER AS id, i % 7 AS "Odd Name" FROM range(3000) r(i)');
  const eTag = await pipeline.put('raw/orders/a.parquet', bytes);
  await pipeline.settled(1);
  const [adopted] = await artifacts();
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  expect(adopted).toMatchObject({ key: 'raw/orders/a.parquet', eTag, bytes: bytes.length, rows: 3000, sha256 });
  expect(adopted?.adopted).toMatchObject({ bucket: 'lake' });
  expect(await keys('curated/')).toEqual([]);
  expect(
    await pipeline.query('select count(*)::int as n from orders where _sluice_row = id and _sluice_object is not null'),
  ).toEqual([{ n: 3000 }]);

  // Of another type: it widens the schema, so it is written anew.
  await pipeline.put('raw/orders/b.parquet', await parquet('SELECT 5000000000 AS id, 1::BIGINT AS "Odd Name"'));
  await pipeline.settled(2);
  // Text is written anew too.
  await pipeline.put('raw/orders/c.csv', 'id,Odd Name\n9,9\n');
  await pipeline.settled(3);
  expect((await artifacts()).map((artifact) => artifact.adopted !== undefined)).toEqual([true, false, false]);
  expect(await keys('curated/')).toHaveLength(2);
  await expectBalanced(pipeline);
  const { deep } = await auditDeeply(pipeline.services, ['orders'], new AbortController().signal);
  expect(deep).toMatchObject([{ verdict: 'same', batches: 3, rows: 3002 }]);

  await pipeline.restartWith(orders('    originals: { after: delete, grace: 0s }\n'));
  const [dataset] = pipeline.config.datasets;
  const { ledger } = pipeline.services;
  const retiring = { ...dataset!, originals: { after: 'delete' as const, graceMs: 0 } };
  const context = {
    ledger,
    logger: silentLog,
    warehouse: (target: string) => pipeline.services.warehouse(target),
    sourceStore: (name: string) => pipeline.services.sourceStore(name),
  };
  expect(await retireOriginals(context, retiring, new AbortController().signal)).toMatchObject({ objects: 2 });
  expect(await keys('raw/')).toEqual(['raw/orders/a.parquet']);
});

test('a held batch is loaded later from the original itself; where that was overwritten it is set aside by name, and no other bytes are loaded', async () => {
  pipeline = await openPipeline({ datasets: orders(holding) });
  await pipeline.put('raw/orders/a.parquet', await parquet('SELECT 100 + i AS id FROM range(3) r(i)'));
  await pipeline.settled(1);
  await pipeline.put('raw/orders/b.parquet', await parquet('SELECT 200 + i AS id FROM range(3) r(i)'));
  await pipeline.settled(2);
  expect((await artifacts()).map(({ key, adopted }) => [key, adopted !== undefined])).toEqual([
    ['raw/orders/a.parquet', true],
    ['raw/orders/b.parquet', true],
  ]);
  const held = await aside();
  expect(held.map(({ code }) => code)).toEqual(['HELD', 'HELD']);
  await pipeline.put('raw/orders/b.parquet', await parquet('SELECT 300 AS id'));
  await pipeline.until(async () => (await aside()).length === 3);
  await decideAside(pipeline.services, { verb: 'release', ids: held.map(({ id }) => id), ...person });
  await pipeline.until(async () => (await aside()).some(({ code }) => code === 'OBJECT_CHANGED'));
  await pipeline.until(async () => (await orderIds(pipeline)).length === 3);
  expect(await orderIds(pipeline)).toEqual([100, 101, 102]);
});
