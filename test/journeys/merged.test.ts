import { Client } from 'pg';
import { afterEach, expect, test } from 'vitest';
import { auditDeeply } from '../../src/cli/audit.js';
import { systemClock } from '../../src/shared/clock.js';
import type { Dataset } from '../../src/shared/config/config.js';
import { handleMaintain } from '../../src/workers/maintain/handler.js';
import { sweepOrphans } from '../../src/workers/maintain/retention.js';
import { MERGE_PHASES, mergeArtifacts, type MergePhase } from '../../src/workers/merge/mergeArtifacts.js';
import { atRest, orderIds } from '../support/accounts.js';
import { parquet } from '../support/parquet.js';
import { openPipeline, type Pipeline } from '../support/pipeline.js';

let pipeline: Pipeline;

afterEach(() => pipeline.close());

const orders = `  orders:
    source: { prefix: raw/orders/ }
    batch: { maxWait: 0s }
    onOverwrite: replace
    load: [{ target: warehouse, table: orders }]
`;

const signal = new AbortController().signal;

/** A batch each. */
async function loadBatches(from: number, to: number): Promise<void> {
  for (let at = from; at < to; at++) {
    await pipeline.put(`raw/orders/${at}.csv`, `id,t\n${at},v${at}\n`);
    await pipeline.settled(at + 1);
  }
  await atRest(pipeline);
}

/** A batch of a Parquet file that is left as it is. */
async function loadAdopted(): Promise<void> {
  await pipeline.put('raw/orders/0.parquet', await parquet("SELECT 0::BIGINT AS id, 'x' AS t"));
  await pipeline.settled(1);
}

function dataset(more: Partial<Dataset['compact']> = {}): Dataset {
  const [first] = pipeline.config.datasets;
  return { ...first!, compact: { ...first!.compact, ...more } };
}

/** Merges once; killed at a phase where one is named. */
async function merge(killedAt?: MergePhase, of = dataset()) {
  const context = pipeline.services.workerContext();
  const onPhase = async (phase: MergePhase) => {
    if (phase === killedAt) throw new Error('killed');
  };
  return mergeArtifacts({ ...context, clock: systemClock }, of, { signal, onPhase });
}

async function keys(): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const page of pipeline.services.lake.list({ prefix: 'curated/' }))
    found.push(...page.map(({ key }) => key));
  return found;
}

async function expectSound(rows: number): Promise<void> {
  const { balanced, deep } = await auditDeeply(pipeline.services, ['orders'], signal);
  expect({ balanced, ...deep?.[0] }).toMatchObject({ balanced: true, verdict: 'same', rows });
}

/** A day and an hour later for the ledger and the sweep. */
async function sweepTomorrow() {
  const ledger = new Client({ connectionString: pipeline.ledgerUrl });
  await ledger.connect();
  for (const [table, column] of [
    ['merged_batches', 'since'],
    ['merges', 'began_at'],
    ['merges', 'superseded_at'],
  ])
    await ledger.query(`UPDATE sluice.${table} SET ${column} = ${column} - interval '25 hours'`);
  await ledger.end();
  const { lake } = pipeline.services;
  const { custody } = pipeline.services.ledger;
  return sweepOrphans({ lake, ledger: custody, prefix: 'curated/', nowMs: Date.now() + 25 * 3_600_000, signal });
}

test('small artifacts become one: cut off at any phase the rows stay the same, nothing is loaded again, and a day later the old ones are gone', async () => {
  pipeline = await openPipeline({ datasets: orders });
  await loadAdopted();
  await loadBatches(1, 6);
  expect(await keys()).toHaveLength(5);
  const before = await pipeline.query('select * from orders order by id');
  for (const phase of MERGE_PHASES.slice(0, 3)) {
    await expect(merge(phase)).rejects.toThrow('killed');
    const [batch] = await pipeline.services.ledger.read.batches('orders', 1);
    expect((await pipeline.services.ledger.read.batch(batch!.batch))?.merged).toBeUndefined();
  }
  await expectSound(6);
  await expect(merge('committed')).rejects.toThrow('killed');
  await expectSound(6);
  expect(await merge()).toEqual({ smallBefore: 1, smallAfter: 1, merges: 0, left: 0 });
  // Five of the batches, one that a merge put and lost, and the one that stands.
  expect(await keys()).toHaveLength(7);
  expect(await sweepTomorrow()).toMatchObject({ deleted: 6, unknown: 0 });
  expect(await keys()).toHaveLength(1);
  await expectSound(6);
  expect(await pipeline.query('select * from orders order by id')).toEqual(before);

  // Rows of a merged batch are replaced like others, and the artifact of all serves the rest.
  await pipeline.put('raw/orders/3.csv', 'id,t\n33,new\n');
  await pipeline.settled(7);
  await atRest(pipeline);
  expect(await orderIds(pipeline)).toEqual([0, 1, 2, 4, 5, 33]);
  await expectSound(6);
});

test('of two merges at once one takes the artifacts; the job merges what came since and says how many are small; what was merged is merged again up to the cap', async () => {
  pipeline = await openPipeline({ datasets: orders });
  await loadBatches(0, 5);
  const answers = await Promise.all([merge(), merge()]);
  expect(answers.reduce((sum, { merges }) => sum + merges, 0)).toBe(1);
  await loadBatches(5, 10);
  const context = pipeline.services.workerContext();
  const done = await handleMaintain(context, { v: 1, job: 'compact', dataset: 'orders' }, signal);
  expect(done).toMatchObject({ kind: 'done', summary: { smallBefore: 6, smallAfter: 2, merges: 1 } });
  const units = await pipeline.services.ledger.merges.units('orders', 1e9);
  expect(units.map(({ kind, generation }) => [kind, generation])).toEqual([
    ['merge', 1],
    ['merge', 1],
  ]);
  // Two that fill most of the target are worth a merge.
  const bytes = units.flatMap(({ artifacts }) => artifacts).reduce((sum, one) => sum + one.bytes, 0);
  const smaller = (generations: number) => ({
    ...dataset({ generations }),
    batch: { ...dataset().batch, targetBytes: Math.ceil(bytes * 1.1) },
  });
  expect(await merge(undefined, smaller(1))).toEqual({ smallBefore: 2, smallAfter: 2, merges: 0, left: 0 });
  expect(await merge(undefined, smaller(2))).toMatchObject({ smallBefore: 2, merges: 1 });
  expect(await sweepTomorrow()).toMatchObject({ unknown: 0 });
  expect(await keys()).toHaveLength(1);
  await expectSound(10);
});

test('an original that is gone keeps its own batch from merging, and a group that fails keeps no other from it', async () => {
  pipeline = await openPipeline({ datasets: orders });
  await loadAdopted();
  await loadBatches(1, 6);
  await pipeline.services.lake.delete(['raw/orders/0.parquet'], signal);
  for (let at = 6; at < 11; at++) {
    await pipeline.put(`raw/orders/${at}.csv`, `id,t,u\n${at},v${at},1\n`);
    await pipeline.settled(at + 1);
  }
  await atRest(pipeline);
  const context = { ...pipeline.services.workerContext(), clock: systemClock };
  let groups = 0;
  const onPhase = async (phase: MergePhase) => {
    if (phase === 'written' && ++groups === 1) throw new Error('killed');
  };
  await expect(mergeArtifacts(context, dataset(), { signal, onPhase })).rejects.toThrow('killed');
  const kinds = async () => (await pipeline.services.ledger.merges.units('orders', 1e9)).map(({ kind }) => kind);
  expect((await kinds()).toSorted()).toEqual(['batch', 'batch', 'batch', 'batch', 'batch', 'batch', 'merge']);
  expect(await merge()).toMatchObject({ smallBefore: 7, merges: 1 });
  expect((await kinds()).toSorted()).toEqual(['batch', 'merge', 'merge']);
});
