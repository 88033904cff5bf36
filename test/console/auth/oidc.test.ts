import { expect, test } from 'vitest';
import { startProvider } from '../../support/openIdProvider.js';
import { quietPort } from '../../support/quietPort.js';
import { type Browser, startLocked } from './support.js';

async function startWithProvider(over: Record<string, unknown> = {}) {
  const { state, issuer } = await startProvider();
  const port = await quietPort();
  const auth = { type: 'oidc', issuer, clientId: 'sluice', clientSecret: 'the client’s secret', ...over };
  const { browser } = await startLocked(auth, { port, url: `http://127.0.0.1:${port}` });
  return { state, browser };
}

/** Goes to the provider and back, as a browser does. */
async function signIn({ ask }: Browser, to = '/') {
  const toProvider = await ask(`/sign-in?to=${encodeURIComponent(to)}`);
  const back = await fetch(toProvider.location ?? '', { redirect: 'manual' });
  return ask(back.headers.get('location') ?? '');
}

test('whom the provider vouches for may look; who is named as operator, by group or verified address, may act', async () => {
  const { state, browser } = await startWithProvider({ operators: ['data-platform', 'otto@acme.example'] });
  const roleOf = async (person: { sub: string; [claim: string]: unknown }) => {
    state.person = person;
    const one = browser();
    expect(await signIn(one, '/objects')).toMatchObject({ status: 303, location: '/objects' });
    return /<small>(\w+)<\/small>/.exec((await one.ask('/')).body)?.[1];
  };
  expect(await roleOf({ sub: 'vera' })).toBe('viewer');
  expect(await roleOf({ sub: 'olga', groups: ['x', 'data-platform'] })).toBe('operator');
  expect(await roleOf({ sub: 'otto', email: 'otto@acme.example', email_verified: true })).toBe('operator');
  expect(await roleOf({ sub: 'eve', email: 'otto@acme.example' })).toBe('viewer');
});

test('where viewers are named nobody else comes in', async () => {
  const { state, browser } = await startWithProvider({ viewers: ['analysts'] });
  state.person = { sub: 'stranger' };
  const stranger = browser();
  expect((await signIn(stranger)).status).toBe(403);
  expect((await stranger.ask('/')).status).toBe(303);
  state.person = { sub: 'ann', groups: ['analysts'] };
  expect((await signIn(browser())).status).toBe(303);
});

test.each(['nonce', 'audience', 'key'] as const)('a token with another %s opens nothing', async (spoil) => {
  const { state, browser } = await startWithProvider();
  state.spoil = spoil;
  const one = browser();
  expect((await signIn(one)).status).toBe(401);
  expect((await one.ask('/')).status).toBe(303);
});

test('an answer of the provider that this browser did not ask for opens nothing', async () => {
  const { browser } = await startWithProvider();
  const attacker = browser();
  const toProvider = await attacker.ask('/sign-in');
  const back = await fetch(toProvider.location ?? '', { redirect: 'manual' });
  const victim = browser();
  expect((await victim.ask(back.headers.get('location') ?? '')).status).toBe(401);
  await victim.ask('/sign-in');
  expect((await victim.ask(back.headers.get('location') ?? '')).status).toBe(401);
});

test('a role is what the configuration of now says of the groups, and the provider is asked again after a while', async () => {
  const { state, issuer } = await startProvider();
  const sessionSecret = 'a secret that several consoles share';
  const auth = { type: 'oidc', issuer, clientId: 'sluice', clientSecret: 'the client’s secret', sessionSecret };
  const start = async (over: Record<string, unknown>) => {
    const port = await quietPort();
    return (await startLocked({ ...auth, ...over }, { port, url: `http://127.0.0.1:${port}` })).browser();
  };
  state.person = { sub: 'olga', groups: ['data-platform', 'analysts'] };
  const olga = await start({ operators: ['data-platform'], viewers: ['analysts'] });
  await signIn(olga);
  const carried = async (over: Record<string, unknown>) => {
    const later = await start(over);
    for (const [key, value] of olga.jar) later.jar.set(key, value);
    const page = await later.ask('/');
    return page.status === 200 ? /<small>(\w+)<\/small>/.exec(page.body)?.[1] : page.status;
  };
  expect(await carried({ operators: ['data-platform'] })).toBe('operator');
  expect(await carried({ operators: ['others'], viewers: ['analysts'] })).toBe('viewer');
  expect(await carried({ operators: ['others'], viewers: ['managers'] })).toBe(303);
  const brief = await start({ viewers: ['analysts'], askAgainAfter: '1s' });
  expect((await signIn(brief)).status).toBe(303);
  await expect.poll(async () => (await brief.ask('/')).location, { timeout: 10_000 }).toBe('/sign-in?to=%2F');
  state.person = { sub: 'olga', groups: [] };
  expect((await signIn(brief)).status).toBe(403);
});
