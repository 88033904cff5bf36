import { expect, test } from 'vitest';
import { hashPassword, isPassword } from '../../../src/console/auth/passwords.js';
import { destination } from '../../../src/console/auth/destination.js';
import { openBrowser, startLocked } from './support.js';

const PASSWORD = 'correct horse battery';

async function twoUsers() {
  const passwordHash = await hashPassword(PASSWORD);
  return {
    type: 'password',
    users: [
      { name: 'vera', passwordHash },
      { name: 'otto', passwordHash, role: 'operator' },
    ],
    tokens: [
      { name: 'robot', token: 'a-token-of-a-robot', role: 'operator' },
      { name: 'eye', token: 'a-token-that-looks' },
    ],
  };
}

test('a hash fits its password alone, however the password is composed', async () => {
  const hash = await hashPassword('pässwörd');
  expect(await isPassword('pa\u0308sswo\u0308rd', hash)).toBe(true);
  expect(await isPassword('password', hash)).toBe(false);
  expect(await isPassword('pässwörd', 'scrypt:x')).toBe(false);
  expect(await hashPassword('pässwörd')).not.toBe(hash);
});

test('without a session pages lead to the door, JSON is refused, and only probes, metrics, signal and assets are open', async () => {
  const { browser } = await startLocked(await twoUsers());
  const { ask } = browser();
  for (const path of ['/', '/objects', '/queues', '/queues/queue/compact', '/actions', '/live']) {
    const { status, location } = await ask(path);
    expect([path, status, location]).toEqual([path, 303, `/sign-in?to=${encodeURIComponent(path)}`]);
  }
  for (const path of ['/v1/status', '/v1/objects', '/v1/actions']) expect((await ask(path)).status).toBe(401);
  expect((await ask('/queues/api/queues', { headers: { accept: 'application/json' } })).status).toBe(401);
  expect((await ask('/v1/actions', { method: 'POST' })).status).toBe(401);
  for (const path of ['/healthz', '/readyz', '/metrics', '/v1/scale', '/assets/console.css', '/sign-in'])
    expect([path, (await ask(path)).status]).toEqual([path, 200]);
});

test('a name and its password open the console until the sign-out, with a cookie that scripts cannot read', async () => {
  const { browser } = await startLocked(await twoUsers());
  const { signIn, ask, send, csrf } = browser();
  const entered = await signIn('vera', PASSWORD, '/objects?state=loaded');
  expect([entered.status, entered.location]).toEqual([303, '/objects?state=loaded']);
  expect(entered.cookies.every((cookie) => /httponly/i.test(cookie) && /samesite=lax/i.test(cookie))).toBe(true);
  const page = await ask('/');
  expect(page.status).toBe(200);
  expect(page.body).toContain('vera');
  expect((await ask('/queues')).status).toBe(200);
  expect((await send('/sign-out', { csrf: await csrf('/') })).location).toBe('/sign-in');
  expect((await ask('/')).status).toBe(303);
});

test('wrong names and passwords look alike, and after ten the door stays shut for a while', async () => {
  const { browser } = await startLocked(await twoUsers());
  const { signIn } = browser();
  const [name, password] = [await signIn('nobody', PASSWORD), await signIn('vera', 'wrong')];
  expect([name.status, password.status]).toEqual([401, 401]);
  expect(name.body).toBe(password.body);
  for (let turn = 0; turn < 8; turn++) await signIn('vera', 'wrong');
  expect((await signIn('vera', PASSWORD)).status).toBe(429);
});

test('a cookie that was altered, is over its time, or names a user who is gone opens nothing', async () => {
  const auth = await twoUsers();
  const lasting = await startLocked(auth);
  const visitor = lasting.browser();
  await visitor.signIn('otto', PASSWORD);
  expect((await visitor.ask('/')).status).toBe(200);
  const forged = openBrowser(lasting.url);
  const [session, signature] = [visitor.jar.get('sluice') ?? '', visitor.jar.get('sluice.sig') ?? ''];
  const changed = Buffer.from(session, 'base64').toString().replace('otto', 'vera');
  forged.jar.set('sluice', Buffer.from(changed).toString('base64')).set('sluice.sig', signature);
  expect((await forged.ask('/')).status).toBe(303);

  const brief = (await startLocked({ ...auth, sessionLasts: '1s' })).browser();
  expect(await brief.signIn('otto', PASSWORD)).toMatchObject({ status: 303, location: '/' });
  await expect.poll(async () => (await brief.ask('/')).status).toBe(303);

  const secret = 'a secret that several consoles share';
  const before = await startLocked({ ...auth, sessionSecret: secret });
  const otto = before.browser();
  await otto.signIn('otto', PASSWORD);
  const after = await startLocked({ ...auth, sessionSecret: secret, users: auth.users.slice(0, 1) });
  const later = openBrowser(after.url);
  for (const [key, value] of otto.jar) later.jar.set(key, value);
  expect((await later.ask('/')).status).toBe(303);
});

test('a session begins anew at each sign-in, so that nobody can plant one', async () => {
  const { browser } = await startLocked(await twoUsers());
  const attacker = browser();
  await attacker.signIn('vera', PASSWORD);
  const planted = await attacker.csrf('/');
  await attacker.signIn('otto', PASSWORD);
  const own = await attacker.csrf('/');
  expect(own).not.toBe('');
  expect(own).not.toBe(planted);
  expect((await attacker.send('/actions', { csrf: planted, action: 'pause', queue: 'plan' })).status).toBe(403);
});

test('a program asks with its bearer token', async () => {
  const { browser } = await startLocked(await twoUsers());
  const { ask } = browser();
  const as = (token: string) => ask('/v1/status', { headers: { authorization: `Bearer ${token}` } });
  expect((await as('a-token-that-looks')).status).toBe(200);
  expect((await as('a-token-that-nobody-has')).status).toBe(401);
});

test('one password alone makes the user admin', async () => {
  const { browser } = await startLocked({ type: 'password', password: 'the one password' });
  const { signIn, ask } = browser();
  expect((await signIn('admin', 'the one password')).status).toBe(303);
  expect((await ask('/')).body).toContain('operator');
});

test('after the sign-in nobody is led to another site', () => {
  for (const to of ['//evil.example', '/\\evil.example', 'https://evil.example', '/\nx', '', undefined, ['/']])
    expect(destination(to)).toBe('/');
  expect(destination('/objects?state=held')).toBe('/objects?state=held');
});
