import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import express from 'express';
import pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { pipeline } from 'node:stream/promises';
import { Readable } from 'node:stream';
import { startIntake } from '../../src/producers/main.js';
import { serve } from '../../src/shared/http/serve.js';
import { objectId } from '../../src/shared/ids.js';
import { openLedger } from '../../src/shared/ledger/open.js';
import { openQueue } from '../../src/shared/queue/open.js';
import { silentLog } from '../../src/shared/telemetry/log.js';
import { configOf } from '../configOf.js';
import { type Args, numberOf, type OpenSide, type SideAnswer, textOf } from '../harness/side.js';

/** Notifications to the product's webhook: each is answered when its records are durable in the ledger. */
export async function webhook(args: Args): Promise<OpenSide> {
  const [ledgerUrl, redisUrl] = [textOf(args, 'ledgerUrl'), textOf(args, 'redisUrl')];
  const datasets = '  events: { source: { prefix: raw/ }, batch: { maxWait: 60s } }';
  const config = configOf({ redisUrl, ledgerUrl, s3Url: 'http://127.0.0.1:1', folder: '/', datasets });
  const ledger = await openLedger({ url: ledgerUrl });
  await ledger.migrate();
  const queue = await openQueue({ url: redisUrl, prefix: `{b${process.pid}}` });
  const stores = { lake: { bucket: 'lake' }, sources: new Map() };
  const server = await startIntake({ config, ledger, queue, stores, logger: silentLog });
  const sender = await openSender(args, `${server.url}/v1/events/s3`);
  const digest = async () => {
    const counts = await ledger.objects.counts();
    return { records: counts.reduce((sum, { objects }) => sum + objects, 0) };
  };
  const close = async () => {
    sender.end();
    await server.close();
    await queue.close();
    await ledger.close();
  };
  return { run: sender.send, digest, close };
}

/** The same notifications to an Express that parses them, counts and answers; nothing is kept. */
export async function bareExpress(args: Args): Promise<OpenSide> {
  let records = 0;
  const app = express();
  app.post('/v1/events/s3', express.json({ limit: '256kb' }), (request, response) => {
    const body: { Records: readonly unknown[] } = request.body;
    records += body.Records.length;
    response.json({ accepted: body.Records.length, duplicates: 0, ignored: 0 });
  });
  const server = await serve(app, { host: '127.0.0.1', port: 0 });
  const sender = await openSender(args, `${server.url}/v1/events/s3`);
  const close = async () => {
    sender.end();
    await server.close();
  };
  return { run: sender.send, digest: async () => ({ records }), close };
}

/** The same records by one COPY into each of the ledger's two tables, in one transaction: their indexes and triggers included. */
export async function bareCopy(args: Args): Promise<OpenSide> {
  const ledger = await openLedger({ url: textOf(args, 'ledgerUrl') });
  await ledger.migrate();
  const count = numberOf(args, 'requests') * numberOf(args, 'perRequest');
  const month = `${new Date().toISOString().slice(0, 7)}-01`;
  const identities: string[] = [];
  const objects: string[] = [];
  for (let index = 0; index < count; index++) {
    const key = `raw/2026/01/01/part-${String(index).padStart(9, '0')}.parquet`;
    const id = objectId({ bucket: 'lake', key, eTag: eTagOf(index), size: 200_000 + index, generation: 0 });
    identities.push(`${id}\t${month}\n`);
    objects.push(`${id}\t${month}\tevents\t\tlake\t${key}\t${eTagOf(index)}\t${200_000 + index}\twebhook\n`);
  }
  const client = new pg.Client({ connectionString: textOf(args, 'ledgerUrl') });
  await client.connect();
  const copy = (sql: string, lines: readonly string[]) => {
    const chunks = Array.from({ length: Math.ceil(lines.length / 500) }, (_, at) =>
      Buffer.from(lines.slice(at * 500, at * 500 + 500).join('')),
    );
    return () => pipeline(Readable.from(chunks), client.query(copyFrom(sql)));
  };
  const first = copy('COPY sluice.identities (object_id, month) FROM STDIN', identities);
  const second = copy(
    'COPY sluice.objects (object_id, month, dataset, partition, bucket, key, e_tag, size, source) FROM STDIN',
    objects,
  );
  const run = async () => {
    await client.query('BEGIN');
    await first();
    await second();
    await client.query('COMMIT');
    return { units: count };
  };
  const digest = async () => {
    const counts = await ledger.objects.counts();
    return { records: counts.reduce((sum, { objects: found }) => sum + found, 0) };
  };
  const close = async () => {
    await client.end();
    await ledger.close();
  };
  return { run, digest, close };
}

/** The eTag of the i-th record. */
export function eTagOf(index: number): string {
  return index.toString(16).padStart(32, '0');
}

/** A process that sends ready-made notifications over keep-alive connections; it counts with the side on both sides. */
async function openSender(args: Args, url: string): Promise<{ send: () => Promise<SideAnswer>; end: () => void }> {
  const fromSource = import.meta.url.endsWith('.ts');
  const path = fileURLToPath(new URL(`./sender.${fromSource ? 'ts' : 'js'}`, import.meta.url));
  const child = fork(path, [url, JSON.stringify(args)], { stdio: ['ignore', 2, 2, 'ipc'] });
  const next = () =>
    new Promise<SideAnswer>((resolve, reject) => {
      child.once('message', ({ units, p99Ms }: Readonly<Record<string, number>>) =>
        resolve({ units: units ?? 0, facts: { p99Ms: p99Ms ?? 0 } }),
      );
      child.once('exit', () => reject(new Error('expected the sender to live, got its end')));
    });
  await next();
  return {
    send: async () => {
      child.send('go');
      return next();
    },
    end: () => void child.kill(),
  };
}
