import { createServer, type Server } from 'node:http';
import { afterEach, expect, test } from 'vitest';
import { describeAlert } from '../../../src/shared/alerts/describeAlert.js';
import { openAlertSinks } from '../../../src/shared/alerts/open.js';
import type { AlertConfig } from '../../../src/shared/config/alerts.js';
import { ALERT_KINDS, type Alert } from '../../../src/shared/ledger/port.js';

let server: Server | undefined;
afterEach(() => new Promise((resolve) => (server === undefined ? resolve(0) : server.close(resolve))));

/** A server that answers everything the same way; resolves with its address and what it got. */
async function answerWith(status: number, body: string, headers: Record<string, string> = {}) {
  const got: { path: string; body: string }[] = [];
  server = createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request.setEncoding('utf8')) text += String(chunk);
    got.push({ path: request.url ?? '', body: text });
    response.writeHead(status, headers).end(body);
  });
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server does not listen');
  return { url: `http://127.0.0.1:${address.port}`, got };
}

const alert: Alert = {
  key: 'quarantine/größe/TYPE_CHANGED',
  kind: 'quarantine',
  dataset: 'größe',
  name: 'TYPE_CHANGED',
  facts: { count: '3 objects', reason: '<script> & co' },
  times: 5,
  firstAt: new Date(0),
  lastAt: new Date(1),
};
const message = describeAlert({ alert, news: 5 }, 'http://console');
const common = { name: 'one', on: [...ALERT_KINDS], remindMs: 1 };
const send = (config: AlertConfig) => openAlertSinks([config])[0]!.send(message, AbortSignal.timeout(5000));

test('every kind of alert says what is wrong, what to do and where to look', () => {
  for (const kind of ALERT_KINDS) {
    const told = describeAlert({ alert: { ...alert, kind }, news: 1 }, 'http://console/');
    expect(told.title).toContain('größe');
    expect(told.mend.length).toBeGreaterThan(20);
    expect(told.link).toBe(kind === 'anomaly' ? 'http://console/anomalies' : 'http://console/');
  }
  expect(message.title).toBe('größe: 3 objects quarantined with TYPE_CHANGED');
  expect(message.details).toContain('5 times since 1970-01-01T00:00:00.000Z');
});

test('rows that a deep audit found are told as such, with the command that names them', () => {
  const told = (verdict: string) =>
    describeAlert(
      { alert: { ...alert, kind: 'audit', name: 'rows of w.t', facts: { verdict } }, news: 1 },
      'http://c/',
    );
  expect(told('different').title).toBe('größe: rows of w.t are not those of the files');
  expect(told('unverified').title).toBe('größe: rows of w.t are UNVERIFIED');
  expect(told('different').mend).toContain('sluice audit größe --deep');
});

test('SNS gets JSON, and a subject of the characters that it takes', async () => {
  const xml = '<PublishResponse><PublishResult><MessageId>1</MessageId></PublishResult></PublishResponse>';
  const { url, got } = await answerWith(200, xml, { 'content-type': 'text/xml' });
  const keys = { accessKeyId: 'a', secretAccessKey: 'b' };
  await send({ type: 'sns', topicArn: 'arn:aws:sns:eu-west-1:123456789012:data', endpoint: url, ...keys, ...common });
  const form = new URLSearchParams(got[0]?.body);
  expect(form.get('Subject')).toBe('gr??e: 3 objects quarantined with TYPE_CHANGED');
  expect(JSON.parse(form.get('Message') ?? '')).toMatchObject({ version: 1, kind: 'quarantine', dataset: 'größe' });
});

test('Slack is sent nothing that it would read as markup', async () => {
  const { url, got } = await answerWith(200, 'ok');
  await send({ type: 'slack', url, ...common });
  expect(JSON.parse(got[0]?.body ?? '').blocks[0].text.text).toContain('&lt;script&gt; &amp; co');
});

test.each([302, 404, 500])(
  'a receiver that answers %i has not taken the alert, and no redirect is followed',
  async (status) => {
    const { url, got } = await answerWith(status, '', { location: '/elsewhere' });
    const sending = send({ type: 'webhook', url: `${url}/?token=hidden`, headers: {}, ...common });
    await expect(sending).rejects.toMatchObject({
      code: 'ALERT_NOT_DELIVERED',
      message: expect.stringContaining(`status ${status}`),
    });
    expect(got).toHaveLength(1);
  },
);

test('a refusal of SNS is told without its keys', async () => {
  const { url } = await answerWith(
    403,
    '<ErrorResponse><Error><Code>AuthorizationError</Code></Error></ErrorResponse>',
  );
  const keys = { accessKeyId: 'a', secretAccessKey: 'very-secret' };
  const sending = send({
    type: 'sns',
    topicArn: 'arn:aws:sns:eu-west-1:123456789012:data',
    endpoint: url,
    ...keys,
    ...common,
  });
  await expect(sending).rejects.toMatchObject({
    code: 'ALERT_NOT_DELIVERED',
    message: expect.stringContaining('AuthorizationError'),
  });
});
