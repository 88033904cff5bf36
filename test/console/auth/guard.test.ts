import { get as httpGet } from 'node:http';
import { expect, test } from 'vitest';
import { hashPassword } from '../../../src/console/auth/passwords.js';
import { checkedConfig, startTestConsole } from '../support.js';
import { openBrowser, startLocked } from './support.js';

const PASSWORD = 'correct horse battery';
const SECRET = 'a secret that several consoles share';
const TOKEN = 'a-token-of-a-robot';
const passwordHash = await hashPassword(PASSWORD);

function lockWith(role: string) {
  return {
    type: 'password',
    sessionSecret: SECRET,
    users: [{ name: 'otto', passwordHash, role }],
    tokens: [{ name: 'robot', token: TOKEN, role: 'operator' }],
  };
}

/** Otto, who signed in while he was an operator, before a console with another configuration. */
async function ottoBefore(auth: unknown) {
  const before = await startLocked(lockWith('operator'));
  const otto = before.browser();
  await otto.signIn('otto', PASSWORD);
  const csrf = await otto.csrf();
  const after = await startLocked(auth);
  const later = openBrowser(after.url);
  for (const [key, value] of otto.jar) later.jar.set(key, value);
  return { later, csrf };
}

test('an operator who became a viewer may no longer act with the session of before', async () => {
  const { later, csrf } = await ottoBefore(lockWith('viewer'));
  expect((await later.ask('/')).body).toContain('otto');
  expect((await later.send('/actions', { csrf, action: 'pause', queue: 'plan' })).status).toBe(403);
});

test('a session of a user who is gone opens nothing where admin alone is left', async () => {
  const { later } = await ottoBefore({ type: 'password', password: PASSWORD, sessionSecret: SECRET });
  expect((await later.ask('/')).status).toBe(303);
});

test('a token counts as a bearer alone: what a browser sends by itself (Basic) lets nobody by', async () => {
  const { browser, queue } = await startLocked(lockWith('operator'));
  const answer = await browser().ask('/actions', {
    method: 'POST',
    headers: {
      authorization: `Basic ${Buffer.from(`x:${TOKEN}`).toString('base64')}`,
      'content-type': 'application/x-www-form-urlencoded',
    },
    body: 'action=pause&queue=plan',
  });
  expect(answer.status).toBe(303);
  expect(answer.location).toContain('/sign-in');
  expect(await queue.attendance('plan')).toMatchObject({ paused: false });
});

test('another site cannot sign somebody in', async () => {
  const { browser } = await startLocked(lockWith('operator'));
  const { ask } = browser();
  const post = (site: string) =>
    ask('/sign-in', {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-site': site },
      body: new URLSearchParams({ name: 'otto', password: PASSWORD }).toString(),
    });
  for (const site of ['cross-site', 'same-site']) expect(await post(site)).toMatchObject({ status: 403, cookies: [] });
  expect((await post('same-origin')).status).toBe(303);
});

test('a body that cannot be read is the sender’s fault, not the console’s', async () => {
  const { browser } = await startLocked(lockWith('operator'));
  const post = (path: string, body: string | undefined, type = 'application/json') =>
    browser().ask(path, {
      method: 'POST',
      headers: { authorization: `Bearer ${TOKEN}`, accept: 'application/json', 'content-type': type },
      ...(body === undefined ? {} : { body }),
    });
  expect((await post('/v1/actions', '{"action":')).status).toBe(400);
  expect((await post('/v1/actions', JSON.stringify({ why: 'x'.repeat(20_000) }))).status).toBe(400);
  expect((await browser().ask('/objects/%zz', { headers: { authorization: `Bearer ${TOKEN}` } })).status).toBe(400);
  expect((await post('/actions', undefined, 'text/plain')).status).toBe(400);
  expect((await post('/sign-in', `name=${'x'.repeat(20_000)}`, 'application/x-www-form-urlencoded')).status).toBe(400);
});

test('the session holds where people come by https, also behind a proxy that does not say so', async () => {
  const { browser } = await startLocked(lockWith('operator'), { url: 'https://sluice.example' });
  const { cookies } = await browser().signIn('otto', PASSWORD);
  expect(cookies).not.toEqual([]);
  for (const cookie of cookies) expect(cookie).toMatch(/; secure/i);
});

test('no way of writing an address leads past the door', async () => {
  const { url } = await startLocked(lockWith('operator'));
  const { port } = new URL(url);
  const status = (path: string, method: string) =>
    new Promise<number>((resolve, reject) => {
      httpGet({ port, path, method, host: '127.0.0.1' }, (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      }).on('error', reject);
    });
  const paths = ['/queues/api/queues', '//queues/api/queues', '/QUEUES/api/queues', '/queues%2Fapi/queues', '/live'];
  const more = ['/assets/../objects', '/assets/%2e%2e/objects', '/assets/x', '/v1/Status', '/v1//status', '/v1/stream'];
  const tricks = ['/sign-in/../objects', '/sign-in%2f..%2fobjects', '/sign-in/x', '/v1/scale/../status', '/V1/objects'];
  for (const path of [...paths, ...more, ...tricks])
    for (const method of ['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'POST'])
      expect([path, method, await status(path, method)]).toEqual([path, method, 401]);
});

test('without sign-in this machine’s console answers to its own names and its url’s alone', async () => {
  const config = checkedConfig({ console: { port: 0, url: 'http://sluice.test:8081' } });
  const { url } = await startTestConsole({ config });
  const { port } = new URL(url);
  const status = (host: string) =>
    new Promise<number>((resolve, reject) => {
      httpGet({ port, path: '/v1/objects', host: '127.0.0.1', headers: { host } }, (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      }).on('error', reject);
    });
  expect(await status('rebound.example')).toBe(421);
  expect(await status('sluice.test:8081')).toBe(200);
  expect(await status('localhost')).toBe(200);
});
