import { expect, test } from 'vitest';
import { newBatchId } from '../../../src/shared/ids.js';
import { claimed, compacted, freshLedger, inSeconds, passTime, planned, stepRef, WAREHOUSE } from './support.js';

test('of twenty claims at once one wins, and the others learn until when', async () => {
  const { ledger } = await freshLedger();
  const { batch } = await planned(ledger);
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, worker) =>
      ledger.steps.claim(stepRef(batch, 'compact'), `worker-${worker}`, 30_000),
    ),
  );
  const kinds = answers.map(({ kind }) => kind).sort();
  expect(kinds).toEqual(['claimed', ...Array.from({ length: 19 }, () => 'leased')]);
  const leased = answers.find((answer) => answer.kind === 'leased');
  expect(leased).toMatchObject({ until: expect.any(Date) });
  const claim = answers.find((answer) => answer.kind === 'claimed');
  expect(claim).toMatchObject({
    claim: { batch, step: 'compact', dataset: 'orders', attempt: 1, crashes: 0, failures: 0 },
  });
});

test('of twenty claims of a lease that ran out one wins, and its vanished holder counts one crash', async () => {
  const { ledger } = await freshLedger();
  const { batch } = await planned(ledger);
  await claimed(ledger, stepRef(batch, 'compact'), 'gone', 0);
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, worker) =>
      ledger.steps.claim(stepRef(batch, 'compact'), `worker-${worker}`, 30_000),
    ),
  );
  expect(answers.filter(({ kind }) => kind === 'claimed')).toMatchObject([{ claim: { attempt: 2, crashes: 1 } }]);
});

test('a heartbeat prolongs the lease, and says when somebody else took it over', async () => {
  const { ledger, sql } = await freshLedger();
  const { batch } = await planned(ledger);
  const claim = await claimed(ledger, stepRef(batch, 'compact'), 'a', 60_000);
  for (let beat = 0; beat < 3; beat++) {
    await passTime(sql, 40);
    expect(await ledger.steps.heartbeat(claim, 60_000)).toBe(true);
    expect(await ledger.steps.claim(stepRef(batch, 'compact'), 'b', 60_000)).toMatchObject({ kind: 'leased' });
  }
  await passTime(sql, 61);
  expect(await claimed(ledger, stepRef(batch, 'compact'), 'b')).toMatchObject({ attempt: 2, crashes: 1 });
  expect(await ledger.steps.heartbeat(claim, 60_000)).toBe(false);
});

test('a step that was handed back can be claimed at once, without a crash or a failure', async () => {
  const { ledger } = await freshLedger();
  const { batch } = await planned(ledger);
  await ledger.steps.handBack(await claimed(ledger, stepRef(batch, 'compact')));
  expect(await claimed(ledger, stepRef(batch, 'compact'))).toMatchObject({ attempt: 2, crashes: 0, failures: 0 });
});

test('a failed step waits for its time and counts the failure', async () => {
  const { ledger, sql } = await freshLedger();
  const { batch } = await planned(ledger);
  const retryAt = inSeconds(60);
  const claim = await claimed(ledger, stepRef(batch, 'compact'));
  await ledger.steps.fail(claim, { code: 'STORE_AWAY', message: 'refused\0' }, retryAt);
  expect(await ledger.steps.claim(stepRef(batch, 'compact'), 'b', 1000)).toEqual({ kind: 'leased', until: retryAt });
  expect(await ledger.recovery.unfinishedSteps(0, 10)).toEqual([]);
  await passTime(sql, 61);
  expect(await ledger.recovery.unfinishedSteps(30_000, 10)).toEqual([]);
  expect(await ledger.recovery.unfinishedSteps(0, 10)).toMatchObject([{ dispatch: 2 }]);
  expect(await claimed(ledger, stepRef(batch, 'compact'))).toMatchObject({ attempt: 2, failures: 1, crashes: 0 });
});

test('a step that gave up is closed, shows on its batch, and can be armed again', async () => {
  const { ledger } = await freshLedger();
  const work = await planned(ledger);
  const claim = await claimed(ledger, stepRef(work.batch, 'compact'));
  await ledger.steps.fail(claim, { code: 'ENGINE_QUERY', message: 'no such function' }, undefined);
  expect(await ledger.steps.claim(stepRef(work.batch, 'compact'), 'b', 1000)).toEqual({
    kind: 'closed',
    reason: 'the step gave up: ENGINE_QUERY: no such function',
  });
  expect((await ledger.read.batch(work.batch))?.row).toMatchObject({ state: 'planned', failedStep: 'compact' });
  expect(await ledger.recovery.backlog()).toMatchObject([{ failedSteps: 1, openSteps: 0 }]);
  expect(await ledger.recovery.unfinishedSteps(0, 10)).toEqual([]);
  expect(await ledger.recovery.rearmFailed('clicks')).toBe(0);
  expect(await ledger.recovery.rearmFailed('orders')).toBe(1);
  expect(await ledger.recovery.rearmFailed()).toBe(0);
  expect(await ledger.recovery.unfinishedSteps(60_000, 10)).toMatchObject([{ step: 'compact', dispatch: 2 }]);
  expect(await claimed(ledger, stepRef(work.batch, 'compact'))).toMatchObject({ attempt: 2, failures: 0, crashes: 0 });
});

test('a step before its turn, a step that is done and an unknown one are not claimed', async () => {
  const { ledger } = await freshLedger();
  const work = await planned(ledger);
  expect(await ledger.steps.claim(stepRef(work.batch, 'load', WAREHOUSE), 'a', 1000)).toEqual({
    kind: 'closed',
    reason: 'an earlier step is not done',
  });
  await compacted(ledger, work);
  expect(await ledger.steps.claim(stepRef(work.batch, 'compact'), 'a', 1000)).toEqual({ kind: 'done' });
  expect(await ledger.steps.claim(stepRef(newBatchId(0), 'compact'), 'a', 1000)).toMatchObject({ kind: 'closed' });
  await expect(ledger.steps.claim(stepRef(work.batch, 'profile'), '', 1000)).rejects.toMatchObject({
    code: 'INTERNAL',
  });
});
