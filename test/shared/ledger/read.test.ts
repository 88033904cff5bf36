import { expect, test } from 'vitest';
import type { ObjectId } from '../../../src/shared/ids.js';
import { arrivals, claimed, freshLedger, judged, planned, stepRef, WAREHOUSE } from './support.js';

test('the audit reads every object of a dataset once, page by page, with the tables that hold it', async () => {
  const { ledger } = await freshLedger();
  const work = await planned(ledger, { count: 5 });
  await judged(ledger, work);
  await ledger.steps.commitLoad(await claimed(ledger, stepRef(work.batch, 'load', WAREHOUSE)), {
    rows: 50,
    committedAt: new Date(),
  });
  const waiting = (await ledger.objects.record(arrivals(4, { bucket: 'file:///lake/' }))).recorded;
  await ledger.objects.record(arrivals(3, { dataset: 'clicks' }));
  const seen = [];
  let after: ObjectId | undefined;
  for (
    let page = await ledger.read.auditPage('orders', after, 2);
    page.length > 0;
    page = await ledger.read.auditPage('orders', after, 2)
  ) {
    seen.push(...page);
    after = page.at(-1)!.object;
  }
  expect(seen.map(({ object }) => object)).toEqual([...work.objects, ...waiting].sort());
  const loaded = seen.find(({ object }) => object === work.objects[0]);
  expect(loaded).toMatchObject({
    state: 'loaded',
    rowsIn: 10,
    rowsQuarantined: 0,
    rowsDeduplicated: 0,
    rowsFiltered: 0,
    loads: [WAREHOUSE],
  });
  expect(loaded!.uri).toMatch(/^s3:\/\/lake\/in\/[0-9a-f]+\/0\.csv$/);
  expect(seen.find(({ object }) => object === waiting[0])).toMatchObject({ state: 'arrived', rowsIn: 0, loads: [] });
  expect(seen.find(({ object }) => object === waiting[0])!.uri).toMatch(/^file:\/\/\/lake\/in\//);
});

test('a schema version is added once, whoever comes first', async () => {
  const { ledger } = await freshLedger();
  expect(await ledger.read.schema('orders')).toBeUndefined();
  const versions = await Promise.all(
    Array.from({ length: 8 }, (_, turn) =>
      ledger.read.addSchema('orders', 0, [{ name: `c${turn}`, type: 'BIGINT' }], 'first batch'),
    ),
  );
  const winner = versions[0]!;
  expect(winner.version).toBe(1);
  for (const version of versions) expect(version).toEqual(winner);
  expect(await ledger.read.schema('orders')).toEqual(winner);
  const wider = [...winner.columns, { name: 'x', type: 'DECIMAL(10,2)' }];
  expect(await ledger.read.addSchema('orders', 1, wider, 'column added')).toEqual({ version: 2, columns: wider });
  expect(await ledger.read.addSchema('orders', 1, [], 'too late')).toEqual({ version: 2, columns: wider });
  expect(await ledger.read.schema('clicks')).toBeUndefined();
});

test('batches and loads are newest first', async () => {
  const { ledger } = await freshLedger();
  const works = [await planned(ledger, { count: 1 }), await planned(ledger, { count: 1 })];
  for (const [turn, work] of works.entries()) {
    await judged(ledger, work);
    await ledger.steps.commitLoad(await claimed(ledger, stepRef(work.batch, 'load', WAREHOUSE)), {
      rows: turn,
      committedAt: new Date(turn),
    });
  }
  const loads = await ledger.read.loads('orders', 10);
  expect(loads.map(({ rows }) => rows)).toEqual([1, 0]);
  const { bytesOut } = (await ledger.read.batches('orders', 1))[0]!;
  expect(loads.map(({ bytes }) => bytes)).toEqual([bytesOut, bytesOut]);
  expect((await ledger.read.loads(undefined, 1)).map(({ rows }) => rows)).toEqual([1]);
  expect(await ledger.read.loads('clicks', 1)).toEqual([]);
  const newest = [...works]
    .map(({ batch }) => batch)
    .sort()
    .reverse();
  expect((await ledger.read.batches(undefined, 10)).map(({ batch }) => batch)).toEqual(newest);
  expect((await ledger.read.batches('orders', 1)).map(({ batch }) => batch)).toEqual(newest.slice(0, 1));
});
