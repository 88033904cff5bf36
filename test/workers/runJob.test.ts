import { expect, test } from 'vitest';
import { silentLog } from '../../src/shared/telemetry/log.js';
import { type Handlers, runJob } from '../../src/workers/runJob.js';

const waitForAbort = (_payload: unknown, signal: AbortSignal) =>
  new Promise<never>((_resolve, reject) =>
    signal.addEventListener('abort', () => reject(signal.reason), { once: true }),
  );

function handlers(plan: Handlers['plan']): Handlers {
  const never = () => Promise.reject(new Error('expected no call'));
  return { plan, compact: never, profile: never, skew: never, check: never, load: never, maintain: never };
}

const job = (payload: unknown) => ({ kind: 'plan' as const, id: 'plan-a-1', payload, attemptsMade: 0 });
const payload = { v: 1, dataset: 'orders', partition: '', dispatch: 1 };

test('a job that passes its deadline fails by that name and is tried again', async () => {
  const options = { signal: new AbortController().signal, logger: silentLog, deadlineMs: 20 };
  await expect(runJob(job(payload), handlers(waitForAbort), options)).rejects.toMatchObject({
    code: 'JOB_DEADLINE',
    retry: 'backoff',
  });
});

test('a job of a stopping worker is handed back', async () => {
  const stopping = new AbortController();
  const running = runJob(job(payload), handlers(waitForAbort), { signal: stopping.signal, logger: silentLog });
  stopping.abort();
  await expect(running).rejects.toMatchObject({ code: 'HANDED_BACK' });
});

test('a payload of another version is refused for good', async () => {
  const done = async () => ({ kind: 'done' as const });
  const options = { signal: new AbortController().signal, logger: silentLog };
  await expect(runJob(job({ ...payload, v: 2 }), handlers(done), options)).rejects.toMatchObject({ retry: 'never' });
  await expect(runJob(job(payload), handlers(done), options)).resolves.toEqual({ kind: 'done' });
});
