import { describe, expect, it } from 'vitest';
import { asBatchId, asObjectId } from '../../../src/shared/ids.js';
import { facet } from '../../../src/shared/lineage/facets.js';
import { storeDataset, tableDataset } from '../../../src/shared/lineage/names.js';
import { runEvent, type StepRun } from '../../../src/shared/lineage/runEvent.js';
import { runIdOf, uuidV5 } from '../../../src/shared/lineage/runId.js';
import { STEPS, type Step } from '../../../src/shared/ledger/port.js';
import { lineageFaults } from '../../support/openLineage.js';

const batch = asBatchId('00000000-0000-7000-8000-000000000001');
const object = asObjectId('00000000-0000-7000-8000-000000000002');

function run(step: Step, state: StepRun['state']): StepRun {
  const isLoad = step === 'load';
  const load = isLoad ? { target: 'warehouse', table: 'orders' } : { target: '', table: '' };
  const counts = { attempt: 2, crashes: 0, failures: 0 };
  return {
    state,
    at: new Date('2026-01-02T03:04:05.678Z'),
    namespace: 'prod',
    claim: { batch, step, ...load, dataset: 'orders', partition: '', holder: 'me', ...counts },
    objects: [
      {
        object,
        bucket: 'lake',
        key: 'raw/a.csv',
        eTag: 'e',
        size: 70,
        releases: 0,
        generation: 0,
        arrivedAt: new Date(0),
        waived: false,
        carried: false,
      },
    ],
    manifest: {
      version: 1,
      batch,
      attempt: 1,
      dataset: 'orders',
      partition: '',
      schemaVersion: 1,
      configHash: 'h',
      columns: [
        { name: 'id', type: 'BIGINT' },
        { name: 'a "b"', type: 'VARCHAR' },
      ],
      artifacts: [{ key: 'curated/orders/x.parquet', eTag: 'e', bytes: 50, rows: 5, sha256: 'f' }],
      objects: [{ object, kind: 'included', rows: 5, sha256: 'f' }],
      rows: { in: 5, out: 5 },
      bytes: { in: 70, out: 50 },
    },
    profile: {
      rows: 5,
      bytes: 50,
      seconds: 0.1,
      columns: [
        {
          name: 'id',
          type: 'BIGINT',
          nulls: 1,
          nullFraction: 0.2,
          distinct: 4,
          min: 1,
          max: '9223372036854775807',
          mean: 2.5,
          quantiles: { p1: 1, p5: 1, p25: 1, p50: 2, p75: 3, p95: 4, p99: 4 },
        },
        { name: 'a "b"', type: 'VARCHAR', nulls: 0, nullFraction: 0, min: 'x', max: 'y' },
      ],
    },
    checks: [
      { name: 'required', column: 'id', verdict: 'fail', expected: 'no NULL', actual: 1, failingRows: 1, sample: [] },
      { name: 'freshness', verdict: 'warn', expected: 'at most 24h', actual: null, sample: [] },
    ],
    source: { namespace: 's3://lake', name: 'raw' },
    curated: { namespace: 's3://lake', name: 'curated/orders' },
    table: isLoad ? { namespace: 'postgres://h:5432', name: 'db.public.orders' } : undefined,
    keepsColumns: true,
  };
}

describe('an event', () => {
  const states: StepRun['state'][] = [
    { kind: 'START' },
    { kind: 'COMPLETE' },
    { kind: 'ABORT' },
    { kind: 'FAIL', message: 'TARGET_AWAY: expected an answer' },
  ];
  it.each(STEPS.flatMap((step) => states.map((state) => [step, state.kind, state] as const)))(
    'of %s, %s, is valid by the published schemas',
    (step, _, state) => expect(lineageFaults(runEvent(run(step, state)))).toEqual([]),
  );

  it('of a load tells schema, lineage of columns, rows, metrics and assertions', () => {
    const { job, inputs, outputs } = runEvent(run('load', { kind: 'COMPLETE' }));
    expect(job).toMatchObject({ namespace: 'prod', name: 'orders.load.warehouse.orders' });
    expect(outputs[0]).toMatchObject({
      namespace: 'postgres://h:5432',
      name: 'db.public.orders',
      facets: {
        schema: { fields: [{ name: 'id', type: 'BIGINT', ordinal_position: 1 }, { name: 'a "b"' }] },
        columnLineage: { fields: { id: { inputFields: [{ name: 'curated/orders', field: 'id' }] } } },
      },
      outputFacets: { outputStatistics: { rowCount: 5 } },
    });
    expect(inputs[0]?.inputFacets).toMatchObject({
      inputStatistics: { rowCount: 5, size: 50, fileCount: 1 },
      dataQualityMetrics: {
        rowCount: 5,
        columnMetrics: { id: { nullCount: 1, count: 4, distinctCount: 4, min: 1, sum: 10, quantiles: { '0.5': 2 } } },
      },
      dataQualityAssertions: {
        assertions: [
          { assertion: 'required', column: 'id', success: false, severity: 'error', actual: '1' },
          { assertion: 'freshness', success: false, severity: 'warn' },
        ],
      },
    });
  });

  it('of a failed run says why; one that is not complete claims nothing about its output', () => {
    const failed = runEvent(run('load', { kind: 'FAIL', message: 'TARGET_AWAY: expected an answer' }));
    expect(failed.run.facets['errorMessage']).toMatchObject({ message: 'TARGET_AWAY: expected an answer' });
    expect(failed.outputs).toEqual([{ namespace: 'postgres://h:5432', name: 'db.public.orders' }]);
  });

  it('with a wrong facet is found to be wrong', () => {
    const event = runEvent(run('compact', { kind: 'START' }));
    const broken = {
      ...event,
      run: { ...event.run, facets: { errorMessage: facet('1-0-1/ErrorMessageRunFacet', {}) } },
    };
    expect(lineageFaults(broken).join()).toContain('message');
    expect(lineageFaults({ ...event, run: { ...event.run, runId: 'x' } })).not.toEqual([]);
  });
});

describe('the id of a run', () => {
  it('is a UUIDv5 by name', () => {
    const dns = '6ba7b810-9dad-11d1-80b4-00c04fd430c8';
    expect(uuidV5('www.example.com', dns)).toBe('2ed6657d-e927-568b-95e1-2665a8aea6a2');
  });

  it('is that of the attempt: the same again, another for the next attempt, step or table', () => {
    const { claim } = run('load', { kind: 'START' });
    expect(runIdOf({ ...claim })).toBe(runIdOf(claim));
    const others = [{ attempt: 3 }, { table: 'other' }, { step: 'compact' as const }];
    expect(new Set([claim, ...others.map((other) => ({ ...claim, ...other }))].map(runIdOf)).size).toBe(4);
  });
});

describe('the name of a dataset', () => {
  it('is the prefix in its bucket, or the folder', () => {
    expect(storeDataset('s3://acme-lake', 'raw/orders/')).toEqual({ namespace: 's3://acme-lake', name: 'raw/orders' });
    expect(storeDataset('s3://other/deep/raw', '')).toEqual({ namespace: 's3://other', name: 'deep/raw' });
    expect(storeDataset('s3://all', '')).toEqual({ namespace: 's3://all', name: '/' });
    expect(storeDataset('file:///srv/my%20lake', 'raw/')).toEqual({ namespace: 'file', name: '/srv/my lake/raw' });
  });

  it('is the table in its database', () => {
    const postgres = { namespace: 'postgres://h:5432', name: 'shop.public.orders' };
    expect(tableDataset('postgresql://u@h/shop', 'orders', 'public')).toEqual(postgres);
    expect(tableDataset('postgresql://u@h:5432/shop', 'sales.orders', 'public').name).toBe('shop.sales.orders');
    expect(tableDataset('snowflake://u@acme-eu/RAW/SALES', 'ORDERS', 'SALES')).toEqual({
      namespace: 'snowflake://acme-eu',
      name: 'RAW.SALES.ORDERS',
    });
  });
});
