import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { datasetOf } from '../../../src/workers/context.js';
import { parseColumns, planLoads } from '../../../src/cli/snowflake/planLoads.js';
import { planSetup, snowflakeTarget } from '../../../src/cli/snowflake/setup.js';
import { type Config } from '../../../src/shared/config/config.js';
import { parseConfig } from '../../../src/shared/config/load.js';
import { useRole } from '../../../src/shared/warehouses/snowflake/sql/setup.js';
import { ordersLoad, openTestSession } from '../../support/loadRequests.js';
import { execute } from '../../support/snowflake/execute.js';
import { startSnowflake } from '../../support/snowflake/server.js';
import { openOn, reach, withArtifacts } from '../../support/snowflake/warehouse.js';

let folder: string;
const keys = generateKeyPairSync('rsa', { modulusLength: 2048 });
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-setup-'));
  writeFileSync(join(folder, 'key.p8'), keys.privateKey.export({ type: 'pkcs8', format: 'pem' }));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const file = (load: string, target = '') => `version: 1
lake: { url: s3://acme-lake, region: eu-west-1 }
targets:
  pg: { type: postgres }
  snow: { type: snowflake, account: acme-eu, user: LOADER, privateKeyFile: key.p8, role: LOADER, warehouse: LOADING_WH,
          database: RAW, queryTag: { team: data }${target} }
datasets:
  orders: { source: { prefix: raw/orders/ }, load: [{ target: snow, table: ORDERS${load} }] }
`;
const parse = (load = '', target = ', stage: { integration: LAKE_S3 }') =>
  parseConfig(file(load, target), { folder }, {});
const configOf = (...args: Parameters<typeof parse>): Config => {
  const answer = parse(...args);
  if (answer.kind === 'faults') throw new Error(JSON.stringify(answer.faults));
  return answer.config;
};
const faultsOf = (...args: Parameters<typeof parse>) => {
  const answer = parse(...args);
  return answer.kind === 'faults' ? answer.faults.map(({ path, expected }) => `${path}: ${expected}`) : [];
};

test('the set-up of an account gives the public key, never the private one, and only rights that loading needs', () => {
  const config = configOf(', via: snowpipe');
  const [, target] = snowflakeTarget(config, undefined);
  const texts = planSetup(config, target, { awsRole: 'arn:aws:iam::1:role/r' }).flatMap(({ statements }) =>
    statements.map(({ text }) => text),
  );
  const publicKey = keys.publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
  const privateKey = keys.privateKey.export({ type: 'pkcs8', format: 'der' }).toString('base64');
  expect(texts.join('\n')).toContain(`RSA_PUBLIC_KEY = '${publicKey}'`);
  expect(texts.join('\n')).not.toContain(privateKey.slice(40, 80));
  expect(texts.filter((text) => text.startsWith('GRANT') && text.includes('TO ROLE'))).toEqual([
    'GRANT USAGE ON WAREHOUSE "LOADING_WH" TO ROLE "LOADER"',
    'GRANT USAGE ON INTEGRATION "LAKE_S3" TO ROLE "LOADER"',
    'GRANT USAGE ON DATABASE "RAW" TO ROLE "LOADER"',
    'GRANT USAGE, CREATE TABLE, CREATE PIPE ON SCHEMA "RAW"."PUBLIC" TO ROLE "LOADER"',
    'GRANT USAGE, CREATE TABLE, CREATE STAGE ON SCHEMA "RAW"."_SLUICE" TO ROLE "LOADER"',
  ]);
});

test('an empty account and the printed set-up are enough to load with least rights, by both stages and a pipe', async () => {
  const lake = mkdtempSync(join(tmpdir(), 'sluice-lake-'));
  const standIn = await startSnowflake({ passwords: { ADMIN: 'right' }, buckets: { 's3://acme-lake/': lake } });
  const engine = await openTestSession();
  const config = configOf(', via: snowpipe');
  const [, target] = snowflakeTarget(config, undefined);
  const admin = await standIn.account.openSession();
  const parts = planSetup(config, target, {
    awsRole: 'arn:aws:iam::1:role/r',
    snsTopic: 'arn:aws:sns:eu-west-1:1:t',
  });
  // Each may be run again.
  for (const { role, statements } of [...parts, ...parts])
    for (const { text } of [useRole(role), ...statements]) await execute(standIn.account, admin, text);
  const privateKey = keys.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const connect = { ...reach(standIn), auth: () => ({ kind: 'keyPair', privateKey }) as const };
  const stage = { kind: 'external', integration: 'LAKE_S3', url: 's3://acme-lake/' } as const;
  const open = (options: object) => openOn({ standIn, lake }, { connect, bounds: { pollMs: 20 }, ...options });
  for (const [table, options] of Object.entries({
    copied: { stage },
    put: {},
    merged: { stage },
    piped: { stage, pipes: new Set(['piped']) },
  })) {
    const mode = table === 'merged' ? ({ mode: 'upsert', key: ['id'] } as const) : {};
    const request = await withArtifacts(ordersLoad(engine.session, { a: 3 }, { table, ...mode }), lake);
    expect(await open(options).load(request), table).toMatchObject({ kind: 'loaded', rows: 3 });
  }
  const elsewhere = ordersLoad(engine.session, { a: 3 }, { table: 'OTHER.orders' });
  await expect(open({}).load(elsewhere)).rejects.toMatchObject({ code: 'TARGET_DENIED' });
  await expect(open({}).ask('USE ROLE ACCOUNTADMIN')).rejects.toMatchObject({ code: 'TARGET_DENIED' });
  await engine.close();
  await standIn.close();
  rmSync(lake, { recursive: true });
});

test('a plan names every statement of a load in the order in which they run', () => {
  const config = configOf(', clusterBy: [at]');
  const columns = parseColumns('id BIGINT, amount DECIMAL(10,2), at TIMESTAMP') ?? [];
  const [plan] = planLoads(config, datasetOf(config, 'orders'), columns);
  const words = plan?.steps.flatMap(({ statements }) =>
    statements.map(({ text }) => text.split(' ').slice(0, 2).join(' ')),
  );
  expect(words?.slice(-13)).toEqual([
    'DESCRIBE TABLE',
    'CREATE TABLE',
    'CREATE OR',
    'COPY INTO',
    'SELECT SUBSTR(LOWER(REPLACE(s."_SLUICE_OBJECT",',
    'BEGIN TRANSACTION',
    'SELECT DISTINCT',
    'INSERT INTO',
    'UPDATE "RAW"."_SLUICE"."FENCES"',
    'SELECT MAX("ATTEMPT")',
    'INSERT INTO',
    'INSERT INTO',
    'COMMIT',
  ]);
  const create = plan?.steps.flatMap(({ statements }) => statements).find(({ text }) => text.includes('CLUSTER BY'));
  expect(create?.text).toContain('("ID" NUMBER(38,0), "AMOUNT" NUMBER(38,2), "AT" TIMESTAMP_NTZ(9),');
});

test.each([
  ['a pipe needs the lake as its stage', [', via: snowpipe', ''], 'stage.integration in the target of a pipe'],
  ['a target proves itself one way', ['', ', oauth: { tokenFile: t }'], 'either privateKeyFile or oauth'],
  ['a key that is not known is a fault', ['', ', password: x'], 'a known key'],
])('%s', (_name, args, expected) => {
  expect(faultsOf(...(args as [string, string])).join()).toContain(expected);
});

test('what only Snowflake knows is refused for Postgres', () => {
  const text = file(', via: copy').replace('target: snow, table', 'target: pg, table');
  const answer = parseConfig(text, { folder }, {});
  expect(answer.kind === 'faults' && answer.faults.map(({ expected }) => expected)).toEqual([
    'via with a target of type snowflake',
  ]);
});
