import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openLineage } from '../../../src/shared/lineage/open.js';
import type { RunEvent } from '../../../src/shared/lineage/port.js';
import { openTransport } from '../../../src/shared/lineage/transport.js';
import { silentLog } from '../../../src/shared/telemetry/log.js';
import { openReceiver } from '../../support/receiver.js';

const event = (runId: string): RunEvent => ({
  eventType: 'START',
  eventTime: '2026-01-01T00:00:00.000Z',
  producer: 'p',
  schemaURL: 's',
  run: { runId, facets: {} },
  job: { namespace: 'n', name: 'j', facets: {} },
  inputs: [],
  outputs: [],
});

const settings = { endpoint: 'api/v1/lineage', timeoutMs: 5000, namespace: 'n' };

test('events reach the server in order, with the key, and none are sent after close', async () => {
  const server = await openReceiver();
  const transport = openTransport({ ...settings, url: `http://127.0.0.1:${server.port}`, apiKey: 'secret' });
  const lineage = openLineage({ transport, logger: silentLog });
  for (const id of ['1', '2', '3']) lineage.emit(() => event(id));
  await lineage.close();
  expect(server.received.map(({ body }) => JSON.parse(body).run.runId)).toEqual(['1', '2', '3']);
  expect(server.received[0]).toMatchObject({ method: 'POST', headers: { authorization: 'Bearer secret' } });
  expect(lineage.lost()).toBe(0);
  await server.close();
});

test('events become lines of a file', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'lineage-'));
  const file = join(folder, 'deep', 'events.ndjson');
  const lineage = openLineage({ transport: openTransport({ ...settings, file }), logger: silentLog });
  for (const id of ['1', '2']) lineage.emit(() => event(id));
  await lineage.close();
  const lines = (await readFile(file, 'utf8')).trimEnd().split('\n');
  expect(lines.map((line) => JSON.parse(line))).toEqual([event('1'), event('2')]);
  await rm(folder, { recursive: true });
});

test('a server that never answers costs events, neither time nor memory', async () => {
  const lineage = openLineage({
    transport: { send: () => new Promise(() => {}) },
    logger: silentLog,
    capacity: 10,
    closeMs: 20,
  });
  for (let n = 0; n < 1000; n++) lineage.emit(() => event(String(n)));
  expect(lineage.lost()).toBe(990);
  await lineage.close();
  expect(lineage.lost()).toBeGreaterThanOrEqual(999);
});

test('a server that is away, refuses or is slow, and an event that cannot be built, are counted and nothing more', async () => {
  const server = await openReceiver({ answer: () => 500 });
  const refused = openTransport({ ...settings, url: `http://127.0.0.1:${server.port}` });
  await expect(refused.send(event('1'))).rejects.toThrow('got 500');
  await server.close();
  const slow = await openReceiver({ answer: () => new Promise(() => {}) });
  const timed = openTransport({ ...settings, url: `http://127.0.0.1:${slow.port}`, timeoutMs: 20 });
  await expect(timed.send(event('1'))).rejects.toThrow();
  await slow.close();
  const lineage = openLineage({ transport: refused, logger: silentLog });
  lineage.emit(() => event('1'));
  lineage.emit(() => {
    throw new Error('no');
  });
  lineage.emit(() => Promise.reject(new Error('no')));
  await lineage.close();
  expect(lineage.lost()).toBe(3);
});
