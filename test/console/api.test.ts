import { request } from 'node:http';
import { describe, expect, it } from 'vitest';
import { SluiceError } from '../../src/shared/errors.js';
import { JOB_KINDS, planJob, stepJob } from '../../src/shared/jobs/catalogue.js';
import { arrivals, planned } from '../shared/ledger/support.js';
import { loadWithQuarantine, recordKey, startTestConsole } from './support.js';

describe('the JSON of /v1', () => {
  it('gives the status of every dataset and queue', async () => {
    const { getJson, ledger } = await startTestConsole();
    await loadWithQuarantine(ledger, 'r');
    expect(await getJson('/v1/status')).toMatchObject({
      datasets: [
        { name: 'orders', states: { arrived: 0, loaded: 2, quarantined: 1 } },
        { name: 'clicks', states: { loaded: 0 } },
      ],
      queues: JOB_KINDS.map((kind) => ({ kind, waiting: 0, overdue: 0 })),
      lastDay: { loads: 1, rows: 2468 },
    });
  });

  it('lists files by dataset and state, and gives one with all that is known of it', async () => {
    const { getJson, ledger } = await startTestConsole({ presentRows: async () => 1234 });
    const { objects } = await loadWithQuarantine(ledger, 'r');
    expect(await getJson('/v1/objects?dataset=orders&state=quarantined&limit=5')).toMatchObject({
      objects: [
        {
          object: objects[1],
          state: 'quarantined',
          code: 'TYPE_CHANGED',
          uri: expect.stringContaining('s3://lake/in/'),
        },
      ],
    });
    expect(await getJson(`/v1/objects/${objects[0]}`)).toMatchObject({
      object: { object: objects[0], state: 'loaded', rowsIn: 1234 },
      steps: expect.arrayContaining([expect.objectContaining({ step: 'load', target: 'warehouse', state: 'done' })]),
      loads: [{ target: 'warehouse', table: 'orders', rows: 2468 }],
      presence: [{ target: 'warehouse', table: 'orders', rows: 1234 }],
    });
  });

  it.each([
    ['/v1/objects?state=lost', 400],
    ['/v1/objects?limit=0', 400],
    ['/v1/objects?limit=100000', 400],
    ['/v1/objects?dataset=a&dataset=b', 400],
    ['/v1/scale?queue=nothing', 400],
    ['/v1/scale?queue=compact,nothing', 400],
    ['/v1/scale?drainSeconds=0', 400],
    ['/v1/objects/x', 404],
    ['/v1/nothing', 404],
  ])('answers %s with %i and an error that says what to do', async (path, expected) => {
    const { get } = await startTestConsole();
    const { status, body } = await get(path);
    expect(status).toBe(expected);
    expect(JSON.parse(body)).toMatchObject({
      error: { code: 'USAGE', message: expect.any(String), mend: expect.any(String) },
    });
  });
});

describe('GET /v1/scale', () => {
  it('asks for workers by what the ledger has open; the same step in the queue several times is one job', async () => {
    const { getJson, ledger, queue } = await startTestConsole();
    expect(await getJson('/v1/scale')).toMatchObject({ desired: 0, why: 'no work' });
    const { batch } = await planned(ledger);
    expect(await getJson('/v1/scale?queue=compact')).toMatchObject({ desired: 1, waiting: 1, backlogObjects: 3 });
    const step = { batch, step: 'compact', target: '', table: '', dataset: 'orders' } as const;
    await queue.enqueue([1, 2, 3, 4, 5].map((dispatch) => stepJob({ ...step, dispatch })));
    expect(await getJson('/v1/scale?queue=compact,profile')).toMatchObject({ desired: 1, waiting: 1, active: 0 });
    expect(await getJson('/v1/scale?queue=load')).toMatchObject({ desired: 0, waiting: 0 });
  });

  it('counts objects that nobody planned yet, at the pace that workers noted', async () => {
    const { getJson, ledger } = await startTestConsole();
    await ledger.objects.record(arrivals(40, { size: 100e6 }));
    await ledger.scale.notePaces([{ kind: 'compact', jobs: 2, busySeconds: 100, bytes: 990e6, objects: 10 }]);
    await ledger.scale.notePaces([{ kind: 'compact', jobs: 1, busySeconds: 100, bytes: 990e6, objects: 10 }]);
    const signal = await getJson('/v1/scale?queue=compact&concurrency=1&drainSeconds=100');
    expect(signal).toMatchObject({ desired: 5, backlogBytes: 4e9, backlogObjects: 40, open: 16, measured: true });
    expect(await getJson('/v1/scale?queue=plan')).toMatchObject({ desired: 1, backlogBytes: 0 });
    expect(await getJson('/v1/scale')).toMatchObject({ desired: 4, backlogBytes: 4e9 });
  });

  it('counts delayed jobs whose time has come, and none of a paused queue', async () => {
    const { getJson, queue } = await startTestConsole();
    const plan = planJob({ dataset: 'orders', partition: '', dispatch: 1 }, { delayMs: 1 });
    await queue.enqueue([plan]);
    await expect.poll(() => getJson('/v1/scale?queue=plan')).toMatchObject({ desired: 1, overdue: 1, waiting: 1 });
    await queue.bullQueues.find(({ name }) => name === 'plan')?.pause();
    expect(await getJson('/v1/scale')).toMatchObject({ desired: 0, paused: ['plan'], why: 'no work; paused: plan' });
  });

  it('knows how many workers attend, and answers from the ledger when Redis does not', async () => {
    const away = async () => {
      throw new SluiceError('QUEUE_AWAY', 'expected Redis to answer, got nothing');
    };
    const { getJson, ledger, queue } = await startTestConsole();
    const worker = await queue.work({ kinds: ['compact'], concurrency: 1 }, async () => ({ kind: 'done' }));
    await expect.poll(() => getJson('/v1/scale?queue=compact')).toMatchObject({ workers: 1 });
    await worker.stop(0);
    const blind = { ...queue, counts: away, attendance: away };
    const second = await startTestConsole({ ledger, queue: blind });
    await planned(ledger);
    expect(await second.getJson('/v1/scale')).toMatchObject({ desired: 1, waiting: 1, workers: 0 });
  });
});

describe('GET /metrics', () => {
  it('gives objects, steps, queues and the process, with no name of a file', async () => {
    const { get, ledger } = await startTestConsole();
    await loadWithQuarantine(ledger, 'r');
    await recordKey(ledger, 'raw/orders/secret-name.csv');
    await ledger.objects.countIgnored([{ rule: 'hidden', bucket: 'lake', count: 3, sampleKey: 'secret-name' }]);
    const { body } = await get('/metrics');
    for (const line of [
      'sluice_objects{dataset="orders",state="loaded"} 2',
      'sluice_objects{dataset="orders",state="quarantined"} 1',
      'sluice_ignored_arrivals{rule="hidden"} 3',
      'sluice_queue_jobs{queue="compact",state="waiting"} 0',
      'sluice_rows_loaded_last_day 2468',
      'sluice_ledger_up 1',
      'sluice_queue_up 1',
    ])
      expect(body).toContain(line);
    expect(body).toMatch(/sluice_oldest_due_age_seconds\{dataset="orders"\} \d/);
    expect(body).toContain('process_cpu_seconds_total');
    expect(body).not.toContain('secret-name');
  });
});

describe('Bull Board', () => {
  it('shows every queue with its description, under a policy that its pages can live with', async () => {
    const { get, getJson } = await startTestConsole();
    const page = await get('/queues');
    expect([page.status, page.headers.get('x-powered-by')]).toEqual([200, null]);
    expect(page.headers.get('content-security-policy')).toContain("style-src 'self' 'unsafe-inline'");
    const script = /src="(static\/js\/main[^"]+)"/.exec(page.body)?.[1];
    expect((await get(`/queues/${script}`)).status).toBe(200);
    expect(await getJson('/queues/api/queues')).toMatchObject({
      queues: JOB_KINDS.map((name) => ({ name, readOnlyMode: true, description: expect.stringMatching(/\w{4}/) })),
    });
  });

  it('shows what a job is about, and links to its batch', async () => {
    const { getJson, ledger, queue } = await startTestConsole();
    const { batch } = await planned(ledger);
    const dispatch = {
      batch,
      step: 'load',
      target: 'warehouse',
      table: 'orders',
      dataset: 'orders',
      dispatch: 1,
    } as const;
    await queue.enqueue([stepJob(dispatch)]);
    const answer = await getJson('/queues/api/queues?activeQueue=load&status=waiting');
    expect(JSON.stringify(answer)).toContain('"name":"orders to warehouse.orders"');
    expect(JSON.stringify(answer)).toContain(`"href":"/batches/${batch}"`);
  });

  it('lets nobody change a queue', async () => {
    const { get, queue } = await startTestConsole();
    expect((await get('/queues/api/queues/compact/pause', { method: 'PUT' })).status).toBe(405);
    expect(await queue.bullQueues.find(({ name }) => name === 'compact')?.isPaused()).toBe(false);
  });
});

describe('a console on loopback', () => {
  it('refuses requests under the name of another machine', async () => {
    const { url } = await startTestConsole();
    const statusOf = (host: string) =>
      new Promise((resolve, reject) => {
        request(url, { headers: { host } }, (response) => resolve(response.resume().statusCode))
          .on('error', reject)
          .end();
      });
    const { host, port } = new URL(url);
    expect(
      await Promise.all([host, `localhost:${port}`, 'evil.example', `127.0.0.1.evil.example:${port}`].map(statusOf)),
    ).toEqual([200, 200, 421, 421]);
  });
});
