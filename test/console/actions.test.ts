import { expect, test } from 'vitest';
import { hashPassword } from '../../src/console/auth/passwords.js';
import { startLocked } from './auth/support.js';
import { loadWithQuarantine, startTestConsole } from './support.js';

const PASSWORD = 'correct horse battery';
const TOKEN = 'a-token-of-a-robot';

async function startWithPeople() {
  const passwordHash = await hashPassword(PASSWORD);
  return startLocked({
    type: 'password',
    users: [
      { name: 'vera', passwordHash },
      { name: 'otto', passwordHash, role: 'operator' },
    ],
    tokens: [{ name: 'robot', token: TOKEN, role: 'operator' }],
  });
}

const JSON_HEADERS = { 'content-type': 'application/json', accept: 'application/json' };

test('an operator pauses and resumes a queue, and the ledger keeps who, what, when and why', async () => {
  const { browser, queue, ledger } = await startWithPeople();
  const otto = browser();
  await otto.signIn('otto', PASSWORD);
  const csrf = await otto.csrf();
  const act = (action: string, why: string) =>
    otto.send('/actions', { csrf, action, queue: 'compact', why, to: '/actions' });
  expect(await act('pause', 'a bad release')).toMatchObject({ status: 303, location: '/actions' });
  expect(await queue.attendance('compact')).toMatchObject({ paused: true });
  const line = (body: string) => (body.match(/<li>[^]*?<\/li>/g) ?? []).find((one) => one.includes('>compact<')) ?? '';
  const paused = line((await otto.ask('/actions')).body);
  expect([paused.includes('paused'), paused.includes('>Pause<'), paused.includes('>Resume<')]).toEqual([
    true,
    false,
    true,
  ]);
  expect((await act('pause', 'once more')).status).toBe(303);
  await act('resume', '');
  expect(await queue.attendance('compact')).toMatchObject({ paused: false });
  const resumed = line((await otto.ask('/actions')).body);
  expect([resumed.includes('running'), resumed.includes('>Pause<'), resumed.includes('>Resume<')]).toEqual([
    true,
    true,
    false,
  ]);
  const rows = await ledger.actions.list(10);
  expect(rows.map(({ who, action, subject, why, outcome }) => [who, action, subject, why, outcome])).toEqual([
    ['otto', 'resume', 'compact', '', 'done'],
    ['otto', 'pause', 'compact', 'once more', 'done'],
    ['otto', 'pause', 'compact', 'a bad release', 'done'],
  ]);
  expect((await otto.ask('/actions')).body).toContain('a bad release');
});

test('what another site sends in an operator’s name is refused, and nothing is done', async () => {
  const { browser, queue, ledger } = await startWithPeople();
  const otto = browser();
  await otto.signIn('otto', PASSWORD);
  for (const csrf of ['', 'x'.repeat(32)])
    expect((await otto.send('/actions', { csrf, action: 'pause', queue: 'plan' })).status).toBe(403);
  const answer = await otto.ask('/v1/actions', {
    method: 'POST',
    headers: JSON_HEADERS,
    body: JSON.stringify({ action: 'pause', queue: 'plan' }),
  });
  expect([answer.status, JSON.parse(answer.body)]).toMatchObject([403, { error: { code: 'CONSOLE_CSRF' } }]);
  expect(await queue.attendance('plan')).toMatchObject({ paused: false });
  expect(await ledger.actions.list(10)).toEqual([]);
});

test('a viewer sees no buttons and may do nothing', async () => {
  const { browser, ledger } = await startWithPeople();
  const vera = browser();
  await vera.signIn('vera', PASSWORD);
  expect((await vera.ask('/actions')).body).not.toContain('Pause');
  const csrf = await vera.csrf('/');
  expect((await vera.send('/actions', { csrf, action: 'pause', queue: 'plan' })).status).toBe(403);
  expect(await ledger.actions.list(10)).toEqual([]);
});

test('a program replays a quarantined file once; a second time answers the first', async () => {
  const { browser, ledger } = await startWithPeople();
  const { objects } = await loadWithQuarantine(ledger, 'a bad file');
  const id = objects[1] ?? '';
  const act = async (body: unknown) => {
    const answer = await browser().ask('/v1/actions', {
      method: 'POST',
      headers: { ...JSON_HEADERS, authorization: `Bearer ${TOKEN}` },
      body: JSON.stringify(body),
    });
    return { status: answer.status, ...JSON.parse(answer.body) };
  };
  expect(await act({ action: 'replay', id, why: 'mended' })).toMatchObject({
    status: 200,
    answer: 'done',
    subject: id,
  });
  expect(await act({ action: 'replay', id })).toMatchObject({
    status: 200,
    answer: 'already',
    detail: 'replay by robot',
  });
  expect(await act({ action: 'release', id: objects[0] })).toMatchObject({ status: 409, answer: 'refused' });
  expect(await act({ action: 'retry', dataset: 'orders' })).toMatchObject({ status: 200, answer: 'done' });
  for (const body of [{}, { action: 'drop' }, { action: 'pause', queue: 'nope' }, { action: 'replay', id: '../x' }])
    expect(await act(body)).toMatchObject({ status: 400, error: { code: 'USAGE' } });
  expect((await ledger.actions.list(10)).map(({ outcome }) => outcome?.replace(/:.*/, ''))).toEqual([
    'done',
    'refused',
    'already',
    'done',
  ]);
});

test('the page of a quarantined file has its buttons for operators', async () => {
  const { browser, ledger } = await startWithPeople();
  const { objects } = await loadWithQuarantine(ledger, 'a bad file');
  const otto = browser();
  await otto.signIn('otto', PASSWORD);
  const page = await otto.ask(`/objects/${objects[1]}`);
  for (const label of ['Replay', 'Release', 'Discard']) expect(page.body).toContain(`>${label}</button>`);
});

test('anomalies are listed with what was expected; an operator accepts one, once, and the ledger keeps it', async () => {
  const { browser, ledger } = await startWithPeople();
  const { batch } = await loadWithQuarantine(ledger, 'a bad file');
  const base = { dataset: 'orders', subject: batch, column: '' } as const;
  const judged = { state: 'unusual', verdict: 'fail', value: 90, points: 9, levelShift: false } as const;
  await ledger.anomalies.noteAnomalies([
    { ...base, metric: 'rowCount', data: { ...judged, centre: 50, spread: 2, score: 20, method: 'mad' } },
    {
      ...base,
      metric: 'mean',
      column: '<b>price',
      subject: '2026-05-31',
      data: { ...judged, method: 'tenfold', centre: 4 },
    },
  ]);
  const otto = browser();
  await otto.signIn('otto', PASSWORD);
  const page = (await otto.ask('/anomalies')).body;
  for (const text of [
    '2 open',
    '43 to 57',
    'about 4 (9 known)',
    `href="/batches/${batch}"`,
    '2026-05-31',
    '>New normal</button>',
    '&lt;b&gt;price',
    'warming_up',
  ])
    expect(page).toContain(text);
  const [mean, rowCount] = await ledger.anomalies.list({ limit: 10 });
  const send = (anomaly: string, as: string) =>
    otto
      .csrf('/anomalies')
      .then((csrf) => otto.send('/actions', { csrf, action: 'ack', anomaly, as, why: 'a sale', to: '/anomalies' }));
  expect(await send(rowCount?.id ?? '', 'normal')).toMatchObject({ status: 303, location: '/anomalies' });
  await send(mean?.id ?? '', 'once');
  await send(mean?.id ?? '', 'normal');
  expect((await send('999999', 'normal')).status).toBe(409);
  expect((await send('1; drop', 'normal')).status).toBe(400);
  const rows = await ledger.actions.list(10);
  expect(rows.map(({ who, action, subject, why, outcome }) => [who, action, subject, why, outcome])).toEqual([
    ['otto', 'ack', 'anomaly 999999', 'a sale', 'refused: no anomaly has the id 999999'],
    ['otto', 'ack', `anomaly ${mean?.id}`, 'a sale', 'already: once by otto'],
    ['otto', 'ack', `anomaly ${mean?.id}`, 'a sale', 'done: mean of <b>price of orders as once'],
    ['otto', 'ack', `anomaly ${rowCount?.id}`, 'a sale', 'done: rowCount of orders as normal'],
  ]);
  expect((await otto.ask('/anomalies')).body).toContain('Nothing unusual is open');
  const all = (await otto.ask('/anomalies?all=1')).body;
  expect(all).toContain('acknowledged as normal by');
  expect(all).not.toContain('>New normal</button>');
  const json = JSON.parse((await otto.ask('/v1/anomalies?all=true')).body);
  expect(json.anomalies).toMatchObject([{ metric: 'mean' }, { metric: 'rowCount', expected: { from: 43, to: 57 } }]);
  expect(json.datasets).toMatchObject([
    { dataset: 'orders', state: 'warming_up' },
    { dataset: 'clicks', points: 0 },
  ]);
  const vera = browser();
  await vera.signIn('vera', PASSWORD);
  expect((await vera.ask('/anomalies?all=1')).body).not.toContain('<button type="submit">New');
  expect((await vera.ask('/anomalies?all=maybe')).status).toBe(400);
});

test('without sign-in nothing can be done from the console', async () => {
  const { get } = await startTestConsole();
  expect((await get('/actions')).body).toContain('console.auth');
  const body = JSON.stringify({ action: 'pause', queue: 'plan' });
  expect((await get('/v1/actions', { method: 'POST', headers: JSON_HEADERS, body })).status).toBe(404);
});
