import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { rename, writeFile } from 'node:fs/promises';
import type { EngineSession } from '../../../../src/shared/engine/port.js';
import { ordersLoad, openTestSession, testObject } from '../../../support/loadRequests.js';
import type { StandIn } from '../../../support/snowflake/server.js';
import { openOn, startAccount, withArtifacts } from '../../../support/snowflake/warehouse.js';

let session: EngineSession;
let closeEngine: () => Promise<void>;
const standIns: StandIn[] = [];
beforeAll(async () => void ({ session, close: closeEngine } = await openTestSession()));
afterAll(() => closeEngine());
afterEach(async () => void (await Promise.all(standIns.splice(0).map((one) => one.close()))));

const PIPED = {
  stage: { kind: 'external', integration: 'LAKE_S3', url: 's3://lake/' },
  pipes: new Set(['orders']),
  bounds: { pollMs: 20, pipeMs: 5_000 },
} as const;

const start = async () => {
  const account = await startAccount();
  standIns.push(account.standIn);
  return account;
};

test('a batch goes through a pipe, is counted in the table, and enters the books once', async () => {
  const account = await start();
  const warehouse = openOn(account, PIPED);
  const request = await withArtifacts(ordersLoad(session, { a: 3, b: 2 }), account.lake);
  expect(await warehouse.load(request)).toMatchObject({ kind: 'loaded', rows: 5, skipped: [] });
  expect(await warehouse.load({ ...request, attempt: 2 })).toMatchObject({ kind: 'already', rows: 5 });
  const { rows } = await warehouse.ask('SELECT id, note, _sluice_batch FROM orders ORDER BY id, note');
  expect(rows).toContainEqual(['2', 'note 2', request.batch]);
  expect(await warehouse.presentRows('orders', [testObject('a'), testObject('b')])).toHaveLength(2);
  expect(account.standIn.statements.filter((text) => text.startsWith('COPY'))).toEqual([]);
});

test('an attempt that died after it named its files is finished by the next without doubling them', async () => {
  const account = await start();
  let cuts = 0;
  const { standIn } = account;
  const request = await withArtifacts(ordersLoad(session, { a: 3 }), account.lake);
  const abort = new AbortController();
  const dying = openOn(account, { ...PIPED, bounds: { pollMs: 300, pipeMs: 5_000 } }).load({
    ...request,
    signal: abort.signal,
  });
  const watch = setInterval(() => {
    if (![...standIn.account.pipes.values()].some(({ files }) => files.size > 0) || cuts > 0) return;
    cuts += 1;
    abort.abort(new Error('gone'));
  }, 5);
  // Whether it waits between two looks or in one, when it is told to go, decides whose words it goes with.
  await expect(dying).rejects.toThrow(/gone|aborted/);
  expect(cuts).toBe(1);
  clearInterval(watch);
  expect(await openOn(account, PIPED).load({ ...request, attempt: 2 })).toMatchObject({ kind: 'loaded', rows: 3 });
  const { rows } = await openOn(account, PIPED).ask('SELECT count(*) FROM orders');
  expect(rows).toEqual([['3']]);
});

test('a file that a pipe cannot read is named, and nothing enters the books', async () => {
  const account = await start();
  const request = await withArtifacts(ordersLoad(session, { a: 3 }), account.lake);
  const [artifact] = request.artifacts;
  await rename(artifact!.file, `${artifact!.file}.away`);
  await writeFile(artifact!.file, 'no Parquet');
  const load = openOn(account, PIPED).load(request);
  await expect(load).rejects.toMatchObject({ code: 'TARGET_REFUSED', facts: { file: artifact!.key } });
  const { rows } = await openOn(account, PIPED).ask('SELECT count(*) FROM "_SLUICE"."LOADS"');
  expect(rows).toEqual([['0']]);
});

test('where the report has forgotten its files, the history of the table tells', async () => {
  const account = await start();
  account.standIn.account.reportForgets = true;
  const request = await withArtifacts(ordersLoad(session, { a: 3 }), account.lake);
  const bounds = { pollMs: 20, pipeMs: 500 };
  expect(await openOn(account, { ...PIPED, bounds }).load(request)).toMatchObject({ kind: 'loaded', rows: 3 });
  expect(account.standIn.statements.filter((text) => text.includes('COPY_HISTORY'))).toHaveLength(1);
});

test('a pipe tells its errors to the integration that is configured, also one that stands already', async () => {
  const account = await start();
  account.standIn.account.integrations.set('PIPE_FAILURES', '');
  const request = await withArtifacts(ordersLoad(session, { a: 2 }), account.lake);
  await openOn(account, { ...PIPED, errorIntegration: 'PIPE_FAILURES' }).load(request);
  expect([...account.standIn.account.pipes.values()].map((pipe) => pipe.told)).toEqual(['"PIPE_FAILURES"']);
  const named = account.standIn.statements.filter((text) => text.includes('ERROR_INTEGRATION = "PIPE_FAILURES"'));
  expect(named.map((text) => text.split(' ', 2).join(' '))).toEqual(['CREATE PIPE', 'ALTER PIPE']);
});
