import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DeleteObjectCommand } from '@aws-sdk/client-s3';
import { afterEach, expect, test } from 'vitest';
import type { LoadTarget } from '../../src/shared/ledger/port.js';
import { createdRecord, postRecords } from '../support/events.js';
import { openPipeline, type Pipeline, TOKEN } from '../support/pipeline.js';
import type { StandIn } from '../support/snowflake/server.js';
import { KEYS, startAccount } from '../support/snowflake/warehouse.js';
import { auditDataset } from '../../src/workers/maintain/audit.js';

let pipeline: Pipeline | undefined;
let standIn: StandIn | undefined;
let folder = '';
afterEach(async () => {
  await pipeline?.close();
  await standIn?.close();
  await rm(folder, { recursive: true, force: true });
});

const datasets = `  orders:
    source: { prefix: raw/orders/ }
    batch: { maxWait: 0s }
    load: [{ target: warehouse, table: orders }, { target: snow, table: orders, clusterBy: [id] }, { target: snow, table: latest, mode: upsert, key: [id], orderBy: [seen_at] }]
  prices:
    source: { prefix: raw/prices/ }
    partition: hive
    batch: { maxWait: 0s }
    load: [{ target: warehouse, table: prices, mode: replace }, { target: snow, table: prices, mode: replace }]
`;

test('files go into Postgres and Snowflake alike, once each, although the session is cut and events repeat', async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-journey-'));
  await writeFile(join(folder, 'key.p8'), KEYS.privateKey);
  let cuts = 0;
  const account = await startAccount({
    mishap: (sql) => {
      if (sql === undefined || !sql.startsWith('INSERT INTO "RAW"."PUBLIC"') || cuts > 0) return undefined;
      cuts += 1;
      void standIn?.cut();
      return { kind: 'drop' };
    },
  });
  ({ standIn } = account);
  const snow = `snow: { type: snowflake, account: acme-eu, endpoint: "${standIn.url}", user: LOADER, database: RAW, privateKeyFile: "${folder}/key.p8" }`;
  pipeline = await openPipeline({ datasets, moreTargets: snow });
  const { services, intakeUrl, put } = pipeline;
  const a = 'id,name,seen_at\n1,x,2026-01-02 03:04:05\n2,"żółć, ""q""",\n';
  const eTag = await put('raw/orders/a.csv', a);
  await put('raw/orders/b.csv', 'id,name,seen_at\n3,,2026-01-02 03:04:07\n');
  for (let times = 0; times < 3; times++) {
    await postRecords(intakeUrl, TOKEN, [createdRecord('raw/orders/a.csv', eTag, Buffer.byteLength(a))]);
  }
  await pipeline.settled(2);
  const asked = await services.warehouse('snow').ask('SELECT id, name, seen_at FROM orders ORDER BY id');
  expect(asked.rows.map(([id, name]) => [id, name])).toEqual([
    ['1', 'x'],
    ['2', 'żółć, "q"'],
    ['3', null],
  ]);
  expect(asked.rows[0]?.[2]).toMatch(/^2026-01-02 03:04:05/);
  const latest = await services.warehouse('snow').ask('SELECT id FROM latest ORDER BY id');
  expect(latest.rows).toEqual([['1'], ['2'], ['3']]);
  expect(cuts).toBe(1);
  const loads = pipeline.config.datasets[0]?.load.map(({ target, table }) => ({ target, table })) ?? [];
  await expectAllBalanced(pipeline, 'orders', loads);
  await replacePartition(pipeline);
});

/** A partition of two files, one of which is written again and the other deleted, beside one that stays. */
async function replacePartition({ services, put, s3, until, query }: Pipeline): Promise<void> {
  const both = async () => {
    const [{ rows }, own] = await Promise.all([
      services
        .warehouse('snow')
        .ask('SELECT id FROM prices ORDER BY id')
        .catch(() => ({ rows: [] })),
      query('SELECT id FROM prices ORDER BY id').catch(() => []),
    ]);
    return `${rows.flat().join()} ${own.map(({ id }) => id).join()}`;
  };
  await put('raw/prices/day=1/a.csv', 'id\n1\n');
  await put('raw/prices/day=2/a.csv', 'id\n9\n');
  await until(async () => (await both()) === '1,9 1,9');
  await put('raw/prices/day=1/b.csv', 'id\n2\n3\n');
  await until(async () => (await both()) === '1,2,3,9 1,2,3,9');
  await s3.send(new DeleteObjectCommand({ Bucket: 'lake', Key: 'raw/prices/day=1/a.csv' }));
  await put('raw/prices/day=1/b.csv', 'id\n4\n');
  await until(async () => (await both()) === '4,9 4,9');
  await until(async () =>
    (await services.ledger.recovery.backlog()).every(({ pending, openSteps }) => pending + openSteps === 0),
  );
  const loads = ['warehouse', 'snow'].map((target) => ({ target, table: 'prices' }));
  await expectAllBalanced({ services }, 'prices', loads);
}

async function expectAllBalanced(
  { services }: Pick<Pipeline, 'services'>,
  dataset: string,
  loads: readonly LoadTarget[],
): Promise<void> {
  const { ledger, warehouse } = services;
  for await (const page of auditDataset({ ledger: ledger.read, warehouse, dataset, loads })) {
    for (const object of page) expect(object).toMatchObject({ verdict: 'balanced' });
  }
}
