import { expect, test } from 'vitest';
import { costOf, PRICES } from '../../src/cli/cost.js';
import { compacted, freshLedger, planned } from '../shared/ledger/support.js';

test('ten thousand small files against forty artifacts, by the published prices', () => {
  const rows = costOf({ dataset: 'orders', files: 10_000, bytesIn: 20e9, artifacts: 40, bytesOut: 8e9 });
  const of = (what: string) => rows.find((row) => row.what === what);
  expect(of('storage a month')).toMatchObject({
    before: expect.closeTo(0.46, 6),
    after: expect.closeTo(0.184 + 0.08, 6),
  });
  expect(of('storage a month, originals expired')?.after).toBeCloseTo(8 * PRICES.standardGigabyteMonth, 6);
  expect(of('requests to read it all once')).toMatchObject({
    before: expect.closeTo(0.004, 9),
    after: expect.closeTo(0.000032, 9),
  });
  expect(of('requests to compact it, once')?.after).toBeCloseTo(0.004 + 0.0002, 9);
  expect(of('Snowpipe, once')).toMatchObject({ before: expect.closeTo(0.222, 6), after: expect.closeTo(0.0888, 6) });
});

test('originals too small for a colder class are counted where they stay', () => {
  const [storage] = costOf({ dataset: 'orders', files: 10_000, bytesIn: 1e9, artifacts: 8, bytesOut: 4e8 });
  expect(storage?.after).toBeCloseTo(1.4 * PRICES.standardGigabyteMonth, 9);
  expect(storage?.how).toContain('128 KB');
});

test('the ledger sums what went into artifacts, and leaves out what is not compacted yet', async () => {
  const { ledger } = await freshLedger();
  expect(await ledger.read.sizes(undefined)).toEqual([]);
  await compacted(ledger, await planned(ledger, { count: 4 }));
  await planned(ledger, { count: 3 });
  const [sizes, ...others] = await ledger.read.sizes('orders');
  expect(others).toEqual([]);
  expect(sizes).toMatchObject({ dataset: 'orders', files: 4, artifacts: expect.any(Number) });
  expect(await ledger.read.sizes('clicks')).toEqual([]);
});
