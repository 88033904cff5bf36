import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync, chmodSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { quietPort } from '../support/quietPort.js';
import { startPostgres } from '../../src/embedded/postgres/startPostgres.js';
import { startRedis } from '../../src/embedded/redis/startRedis.js';
import { startS3 } from '../../src/embedded/s3/server.js';
import { type Part, type Places, readCompose, startPart } from '../support/compose.js';

const root = new URL('../../', import.meta.url).pathname;
const services = readCompose();
const folder = mkdtempSync(join(tmpdir(), 'sluice-compose-'));
chmodSync(folder, 0o711); // root runs Postgres as another user, who must be able to pass through

/** Of a quarter of a second each. */
const STABLE_POLLS = 12;

const parts: Part[] = [];
const closers: (() => Promise<unknown>)[] = [];
let places: Places;
let [intakeUrl, monitorUrl] = ['', ''];
let target: Client;

/** Services of other images, with the settings of docker-compose.yml; the embedded S3 stands for RustFS. */
beforeAll(async () => {
  const { redis, postgres, intake, bucket } = services;
  const redisServer = await startRedis({ dir: join(folder, 'redis') });
  const admin = new Redis(redisServer.url);
  // The embedded Redis keeps its own password.
  const flags = [...String(redis?.command).matchAll(/--(appendonly|maxmemory-policy) (\S+)/g)];
  for (const [, name = '', value = ''] of flags) await admin.config('SET', name, value);
  expect(flags).toHaveLength(2);
  admin.disconnect();
  const given = [...String(postgres?.command).matchAll(/-c (\w+)=(\w+)/g)];
  const settings = Object.fromEntries(given.map(([, name = '', value = '']) => [name, value]));
  const server = await startPostgres({ dataDir: join(folder, 'postgres'), durable: false, settings });
  const warehouseUrl = await server.ensureDatabase(String(postgres?.environment?.['POSTGRES_DB']));
  target = new Client({ connectionString: warehouseUrl });
  await target.connect();
  const statements = readFileSync(join(root, 'deploy/compose/ledger.sql'), 'utf8').replaceAll(/^--.*$/gm, '');
  for (const sql of statements.split(';').filter((text) => text.trim() !== '')) await target.query(sql);
  const credentials = {
    accessKeyId: String(bucket?.environment?.['LAKE_ACCESS_KEY']),
    secretAccessKey: String(bucket?.environment?.['LAKE_SECRET_KEY']),
  };
  const s3 = await startS3({ dir: join(folder, 's3'), credentials });
  const [intakePort, monitorPort] = [await quietPort(), await quietPort()];
  [intakeUrl, monitorUrl] = [`http://127.0.0.1:${intakePort}`, `http://127.0.0.1:${monitorPort}`];
  await s3.notifyTo({ url: `${intakeUrl}/v1/events/s3`, bearerToken: String(intake?.environment?.['INTAKE_TOKEN']) });
  const [ledgerUrl, databaseUrl] = [String(intake?.environment?.['LEDGER_URL']), warehouseUrl];
  places = {
    cwd: folder,
    texts: [
      ['/app/bin', join(root, 'bin')],
      ['/app/compose', join(root, 'deploy/compose')],
      ['/etc/sluice/sluice.yaml', join(folder, 'sluice.yaml')],
      ['/scratch', join(folder, 'scratch')],
      [String(intake?.environment?.['REDIS_URL']), redisServer.url],
      [ledgerUrl, server.url('ledger')],
      [String(intake?.environment?.['WAREHOUSE_URL']), databaseUrl],
      ['http://rustfs:9000', s3.url],
    ],
  };
  mkdirSync(join(folder, 'scratch'));
  // One machine has each port once; small batches and no grace make many jobs that can be cut off.
  const config = readFileSync(join(root, 'deploy/compose/sluice.yaml'), 'utf8')
    .replaceAll('0.0.0.0', '127.0.0.1')
    .replace('port: 8080', `port: ${intakePort}`)
    .replace('port: 9091', `port: ${monitorPort}`)
    .replace('port: 9090, scratch: /scratch', `port: 0, stopWithin: 0s, scratch: ${join(folder, 'scratch')}`)
    .replace('batch: { maxWait: 5s }', 'batch: { maxWait: 1s, maxFiles: 5 }')
    .replace('port: 8081', 'port: 0');
  writeFileSync(join(folder, 'sluice.yaml'), config);
  closers.push(
    () => target.end(),
    () => redisServer.close(),
    () => s3.close(),
    () => server.close(),
  );
});

afterAll(async () => {
  await Promise.all(parts.map((part) => part.stop()));
  for (const close of closers) await close();
  rmSync(folder, { recursive: true, force: true });
});

const start = (name: string): Part => {
  const service = services[name];
  if (service === undefined) throw new Error(`expected a service ${name}`);
  const part = startPart(service, places);
  parts.push(part);
  return part;
};

const shot = async (name: string) => {
  const part = start(name);
  expect([name, await part.ended, part.stderr()]).toEqual([name, 0, '']);
  return part.stdout();
};

const answers = async (url: string) => {
  while (
    !(await fetch(url).then(
      ({ ok }) => ok,
      () => false,
    ))
  )
    await delay(100);
};

interface Signal {
  readonly desired: number;
  readonly active: number;
  readonly open: number;
}

/** The scale signal, read for a drain within a second so that a small burst is much work. */
const signal = async (): Promise<Signal> =>
  JSON.parse(await (await fetch(`${monitorUrl}/v1/scale?drainSeconds=1`)).text());

const count = async (sql: string) => Number((await target.query<{ n: string }>(sql)).rows[0]?.n);

describe('the parts of docker-compose.yml as processes', () => {
  it('load a burst while workers go from 1 to 4 by the signal, are told to stop in mid-work, and go back', async () => {
    expect(await shot('bucket')).toContain('made');
    expect(await shot('bucket')).toContain('was there');
    for (const name of ['intake', 'console']) start(name);
    await Promise.all([answers(`${intakeUrl}/healthz`), answers(`${monitorUrl}/healthz`)]);
    expect(await shot('notify')).toContain('announces');
    expect(await shot('demo')).toContain('200 files');

    const running = [start('worker')];
    const gone: Part[] = [];
    const stopNewest = async () => {
      const worker = running.pop();
      if (worker === undefined) return;
      gone.push(worker);
      // One that has not started yet has nothing to hand back.
      const allowed = worker.stdout().includes('probes') ? [0] : [0, 130, 143, null];
      expect(allowed).toContain(await worker.stop());
    };
    let [most, cutOff, files] = [1, false, 200];
    const seen: number[] = [];
    for (;;) {
      const { desired, active, open } = await signal();
      const wanted = Math.min(4, Math.max(1, desired));
      seen.push(wanted);
      // As the autoscaler does: down only when it was asked for a while.
      const stable = Math.max(...seen.slice(-STABLE_POLLS));
      while (running.length < wanted) running.push(start('worker'));
      most = Math.max(most, running.length);
      // Two workers at most hold four jobs: with five at work, one of the other two is in mid-work.
      if (!cutOff && running.length === 4 && active >= 5) {
        cutOff = true;
        await Promise.all([stopNewest(), stopNewest()]);
      } else if (running.length > stable) await stopNewest();
      // A machine that was done before four workers stood gets more to do.
      if (!cutOff && active + open === 0) {
        const more = { ...services['demo']!.environment, DEMO_FROM: String(files) };
        expect(await startPart({ ...services['demo']!, environment: more }, places).ended).toBe(0);
        files += 200;
      }
      if (running.length === 1 && stable === 1 && active + open === 0 && cutOff) break;
      await delay(250);
    }
    expect([most, running.length, Math.max(...seen), seen.at(-1)]).toEqual([4, 1, 4, 1]);
    expect(gone.some((worker) => worker.stderr().includes('"code":"HANDED_BACK"'))).toBe(true);
    expect(await count('SELECT count(*) AS n FROM orders')).toBe(files * 50);
    expect(await count('SELECT count(DISTINCT order_id) AS n FROM orders')).toBe(files * 50);

    const audit = startPart(
      { ...services['intake']!, command: ['audit', '--config', '/etc/sluice/sluice.yaml', '--json'] },
      places,
    );
    expect(await audit.ended).toBe(0);
    const { balanced, objects } = JSON.parse(audit.stdout());
    expect([balanced, objects.length]).toEqual([true, files]);
    expect(await (await fetch(`${monitorUrl}/metrics`)).text()).toContain('sluice_queue_workers{queue="compact"} 1');
  }, 600_000);

  it('land what a database changed, and load it', async () => {
    const { changes } = services;
    const changesPort = await quietPort();
    const environment = { ...changes?.environment, PORT: String(changesPort), EVERY_MS: '100' };
    const lander = startPart({ ...changes!, environment }, places);
    parts.push(lander);
    const send = (body: string) => fetch(`http://127.0.0.1:${changesPort}`, { method: 'POST', body });
    const isUp = () =>
      send('{"op":"c","after":{"id":1}}').then(
        ({ status }) => status === 204,
        () => false,
      );
    while (!(await isUp())) await delay(100);
    expect((await send('{"op":"u","after":{"id":2}}')).status).toBe(204);
    expect((await send('not JSON')).status).toBe(400);
    const table = "SELECT count(*) AS n FROM pg_tables WHERE tablename = 'changes'";
    while ((await count(table)) === 0 || (await count('SELECT count(*) AS n FROM changes')) < 2) await delay(100);
    expect(await lander.stop()).toBe(0);
  });

  it('have each part of Sluice’s own image run here, and no other', () => {
    const own = Object.entries(services).filter(([, { image }]) => image === 'sluice:local');
    expect(own.map(([name]) => name).sort()).toEqual([
      'bucket',
      'changes',
      'console',
      'demo',
      'intake',
      'notify',
      'worker',
    ]);
    expect(services['worker']?.deploy?.replicas).toBe(2);
  });
});
