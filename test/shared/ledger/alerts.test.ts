import { expect, test } from 'vitest';
import type { Pool } from 'pg';
import type { AlertReceiver, NewAlert } from '../../../src/shared/ledger/port.js';
import { arrivalOf, batchOf, compactWith, decided, idOf } from './custodySupport.js';
import { claimed, freshLedger, manifestOf, stepRef } from './support.js';

const HOUR = 3600e3;
const hold = (dataset = 'orders'): NewAlert => ({ kind: 'hold', dataset, name: 'batch', facts: { batch: 'b' } });
const receiver = (sink: string, over: Partial<AlertReceiver> = {}): AlertReceiver => ({
  sink,
  kinds: ['hold', 'check', 'quarantine'],
  remindMs: HOUR,
  ...over,
});

async function later(sql: Pool, ms: number): Promise<void> {
  const ago = `- ${ms} * interval '1 millisecond'`;
  await sql.query(`UPDATE sluice.alert_deliveries SET told_at = told_at ${ago}, next_at = next_at ${ago}`);
}

test('the same trouble is one alert that is counted, told once, and told again after the reminder only if it came again', async () => {
  const { ledger, sql } = await freshLedger();
  const take = () => ledger.alerts.takeDue([receiver('slack')], 30_000, 10);
  await Promise.all([hold(), hold(), hold()].map((alert) => ledger.alerts.raise([alert, alert])));
  const [delivery, ...more] = await take();
  expect([delivery, more]).toMatchObject([{ alert: { key: 'hold/orders/batch', times: 3 }, news: 3, attempt: 1 }, []]);
  await ledger.alerts.told(delivery!);
  await later(sql, 2 * HOUR);
  expect(await take()).toEqual([]);
  await ledger.alerts.raise([hold()]);
  const [again] = await take();
  expect(again).toMatchObject({ news: 1, attempt: 1 });
  await ledger.alerts.told(again!);
  await ledger.alerts.raise([hold()]);
  expect(await take()).toEqual([]);
  await later(sql, HOUR);
  expect(await take()).toMatchObject([{ news: 1 }]);
});

test('each receiver is told what it wants, each thing by one deliverer at a time', async () => {
  const { ledger } = await freshLedger();
  await ledger.alerts.raise([hold(), { ...hold(), kind: 'audit', name: 'balance' }]);
  const receivers = [
    receiver('slack'),
    receiver('pager', { kinds: ['audit'] }),
    receiver('all', { kinds: ['audit', 'hold'] }),
  ];
  const taken = (await Promise.all([1, 2, 3].map(() => ledger.alerts.takeDue(receivers, 30_000, 10)))).flat();
  expect(taken.map(({ sink, alert }) => `${sink} ${alert.kind}`).sort()).toEqual([
    'all audit',
    'all hold',
    'pager audit',
    'slack hold',
  ]);
});

test('a failure is tried again when its time comes, a dead deliverer’s after its lease; what is given up is told by troubles', async () => {
  const { ledger, sql } = await freshLedger();
  await ledger.alerts.raise([hold()]);
  const take = () => ledger.alerts.takeDue([receiver('slack')], 30_000, 10);
  const [first] = await take();
  expect(await take()).toEqual([]);
  await later(sql, 30_000);
  const [second] = await take();
  expect(second).toMatchObject({ attempt: 2 });
  await ledger.alerts.notTold(second!, 'status 503', 60_000);
  expect(await take()).toEqual([]);
  expect(await ledger.alerts.troubles(['slack'])).toEqual([
    { key: first!.alert.key, sink: 'slack', attempts: 2, gaveUp: false, error: 'status 503' },
  ]);
  await later(sql, 60_000);
  const [third] = await take();
  await ledger.alerts.notTold(third!, 'status 503', undefined);
  expect(await ledger.alerts.troubles(['slack'])).toMatchObject([{ gaveUp: true }]);
  await ledger.alerts.raise([hold()]);
  expect(await take()).toEqual([]);
  await later(sql, HOUR);
  const [fourth] = await take();
  await ledger.alerts.told(fourth!);
  expect(await ledger.alerts.troubles(['slack'])).toEqual([]);
});

test('a receiver that is new is not told what is older than a day', async () => {
  const { ledger, sql } = await freshLedger();
  await ledger.alerts.raise([hold('old'), hold('new')]);
  await sql.query("UPDATE sluice.alerts SET last_at = now() - interval '25 hours' WHERE dataset = 'old'");
  expect((await ledger.alerts.takeDue([receiver('slack')], 1, 10)).map(({ alert }) => alert.dataset)).toEqual(['new']);
});

test('failed checks, holds, quarantined objects and audits raise their alert with their own commit, and a lost lease raises none', async () => {
  const { ledger, sql } = await freshLedger();
  const [A, B] = [arrivalOf('in/a.csv', 'A'), arrivalOf('in/b.csv', 'B')];
  await ledger.objects.record([A, B]);
  const batch = await batchOf(ledger, [idOf(A)]);
  await compactWith(ledger, batch, [decided(idOf(A), 'A')]);
  for (const step of ['profile', 'skew'] as const)
    await ledger.steps.commitFindings(await claimed(ledger, stepRef(batch, step)), [], false);
  const claim = await claimed(ledger, stepRef(batch, 'check'));
  const data = { expected: 'no NULL', actual: 3, failingRows: 3, sample: [{ value: 'secret' }] };
  const failed = { kind: 'check', name: 'id.required', column: 'id', verdict: 'fail', data } as const;
  await expect(ledger.steps.commitFindings({ ...claim, attempt: 99 }, [failed], true)).rejects.toThrow();
  expect(await ledger.alerts.recent(10)).toEqual([]);
  await ledger.steps.commitFindings(claim, [failed, { ...failed, name: 'x', verdict: 'warn' }], true);

  const other = await batchOf(ledger, [idOf(B)]);
  const compact = await claimed(ledger, stepRef(other, 'compact'));
  const bad = { object: idOf(B), kind: 'quarantined', code: 'OBJECT_TRUNCATED', reason: 'cut' } as const;
  await ledger.steps.commitCompact(compact, manifestOf(compact, [bad]), new Date());
  await ledger.custody.noteAudit({ dataset: 'orders', balanced: true, verdicts: { balanced: 3 }, worst: [] });
  await ledger.custody.noteAudit({
    dataset: 'orders',
    balanced: false,
    verdicts: { balanced: 3, unbalanced: 1, unverified: 1 },
    worst: [{ uri: 's3://lake/a', verdict: 'unbalanced' }],
  });
  const raised = new Map((await ledger.alerts.recent(10)).map(({ key, facts }) => [key, facts]));
  expect(Object.fromEntries(raised)).toEqual({
    'check/orders/id.required': { batch, expected: 'no NULL', actual: 3, failingRows: 3 },
    'hold/orders/batch': { batch, failed: 'id.required' },
    'quarantine/orders/OBJECT_TRUNCATED': { batch: other, count: '1 object', object: idOf(B), reason: 'cut' },
    'audit/orders/balance': { objects: 2, example: 's3://lake/a (unbalanced)' },
  });
  expect((await sql.query('SELECT 1 FROM sluice.alert_deliveries')).rowCount).toBe(0);
});
