import { expect, test } from 'vitest';
import { hashPassword } from '../../../src/console/auth/passwords.js';
import { startLocked } from './support.js';

const AUTH = { type: 'password', password: 'the one password' };
const HTTPS = { url: 'https://sluice.example' };

/** Tries so often with another address each time; the statuses. */
async function tryFrom(url: string, times: number, name: (turn: number) => string) {
  const statuses: number[] = [];
  for (let turn = 0; turn < times; turn++) {
    const headers = { 'x-forwarded-for': `198.51.100.${turn}`, host: 'sluice.example' };
    const body = new URLSearchParams({ name: name(turn), password: 'wrong' });
    statuses.push((await fetch(new URL('/sign-in', url), { method: 'POST', headers, body })).status);
  }
  return statuses;
}

test('twenty failures of one name shut its door, from however many addresses they come', async () => {
  const { url } = await startLocked(AUTH, HTTPS);
  const statuses = await tryFrom(url, 21, () => 'admin');
  expect(statuses.slice(0, 20).every((status) => status === 401)).toBe(true);
  expect(statuses[20]).toBe(429);
  expect(await tryFrom(url, 1, () => 'somebody else')).toEqual([401]);
});

test('a forwarded address counts only when it comes by a proxy of the configuration', async () => {
  const { url } = await startLocked(AUTH, { ...HTTPS, trustedProxies: ['203.0.113.0/24'] });
  const statuses = await tryFrom(url, 11, (turn) => `name ${turn}`);
  expect(statuses.slice(9)).toEqual([401, 429]);
});

test('another password, and a moment in the configuration, call sessions back', async () => {
  const sessionSecret = 'a secret that several consoles share';
  const [old, renewed] = [await hashPassword('one password'), await hashPassword('another one')];
  const auth = (passwordHash: string, over = {}) => ({
    type: 'password',
    sessionSecret,
    users: [{ name: 'vera', passwordHash }],
    ...over,
  });
  const vera = (await startLocked(auth(old))).browser();
  await vera.signIn('vera', 'one password');
  const sees = async (changed: unknown) => {
    const later = (await startLocked(changed)).browser();
    for (const [key, value] of vera.jar) later.jar.set(key, value);
    return (await later.ask('/')).status;
  };
  expect(await sees(auth(old))).toBe(200);
  expect(await sees(auth(renewed))).toBe(303);
  expect(await sees(auth(old, { sessionsNotBefore: '2020-01-01T00:00:00Z' }))).toBe(200);
  expect(await sees(auth(old, { sessionsNotBefore: new Date(Date.now() + 60_000).toISOString() }))).toBe(303);
  const one = (await startLocked({ ...AUTH, sessionSecret })).browser();
  await one.signIn('admin', 'the one password');
  const other = (await startLocked({ type: 'password', password: 'a newer password', sessionSecret })).browser();
  for (const [key, value] of one.jar) other.jar.set(key, value);
  expect([(await one.ask('/')).status, (await other.ask('/')).status]).toEqual([200, 303]);
});

test('the live stream ends with its session', async () => {
  const { url, browser } = await startLocked({ ...AUTH, sessionLasts: '2s' });
  const admin = browser();
  const cookie = () => [...admin.jar].map(([name, value]) => `${name}=${value}`).join('; ');
  // A machine under load may need longer than the session to come from one to the other.
  const open = async (): Promise<Response> => {
    await admin.signIn('admin', 'the one password');
    const response = await fetch(new URL('/v1/stream', url), { headers: { cookie: cookie() } });
    return response.status === 200 ? response : open();
  };
  const stream = await open();
  expect(await stream.text()).toContain('event: snapshot');
  expect((await fetch(new URL('/v1/stream', url), { headers: { cookie: cookie() } })).status).toBe(401);
});
