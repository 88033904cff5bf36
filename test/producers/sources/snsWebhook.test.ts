import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { makeCertificate } from '../../support/certificate.js';
import { CERTIFICATE_URL, openTestSns, type TestSns, TOPIC } from '../../support/sns.js';
import { ordersConfig, putEvent, startTestIntake, TOKEN } from '../support.js';

const CONFIG = ordersConfig({ tokens: [TOKEN], sns: { topics: [TOPIC] } });
const EVENT = JSON.stringify(putEvent('raw/orders/a.csv'));
const NOTHING = { accepted: 0, duplicates: 0, ignored: 0 };

async function startWithSns(sns: TestSns = openTestSns(), config = CONFIG) {
  const intake = await startTestIntake({ config, fetch: sns.fetch });
  const post = async (body: string, headers: Record<string, string> = {}) => {
    const answer = await fetch(`${intake.url}/v1/events/sns`, {
      method: 'POST',
      headers: { 'content-type': 'text/plain; charset=UTF-8', ...headers },
      body,
    });
    const said = (await answer.json()) as { error?: { code: string } };
    return { status: answer.status, code: said.error?.code, body: said };
  };
  return { ...intake, sns, post };
}

describe('POST /v1/events/sns', () => {
  it.each(['1', '2'])('takes a notification that SNS signed, version %s, sent as plain text', async (version) => {
    const { sns, post, ledger } = await startWithSns();
    const body = sns.notify(EVENT, { SignatureVersion: version, Subject: 'Amazon S3 Notification' });
    expect((await post(body)).body).toEqual({ accepted: 1, duplicates: 0, ignored: 0 });
    expect((await post(body)).body).toEqual({ accepted: 0, duplicates: 1, ignored: 0 });
    expect(await ledger.objects.list({ limit: 5 })).toMatchObject([{ key: 'raw/orders/a.csv' }]);
    expect(sns.fetched).toEqual([CERTIFICATE_URL]);
  });

  it.each(['v1', 'v2'])('verifies what Amazon itself signed (%s)', async (version) => {
    const body = readFileSync(new URL(`../../corpus/events/sns/signed-${version}.json`, import.meta.url), 'utf8');
    const [url] = /https:\/\/sns[^"]*\.pem/.exec(body)!;
    const [topic] = /arn:aws:sns:[^"]*/.exec(body)!;
    const pem = readFileSync(new URL(`../../corpus/certificates/${url.split('/').at(-1)}`, import.meta.url), 'utf8');
    const sns = openTestSns({ [url]: async () => new Response(pem) });
    const config = ordersConfig({ tokens: [TOKEN], sns: { topics: [topic] } });
    const clock = { now: () => Date.parse('2022-07-29T00:00:00Z'), sleep: async () => {} };
    const { url: at } = await startTestIntake({ config, fetch: sns.fetch, clock });
    const post = async (text: string) => (await fetch(`${at}/v1/events/sns`, { method: 'POST', body: text })).json();
    // The signature fits; what it says is no event.
    expect(await post(body)).toMatchObject({ error: { code: 'EVENT_NOT_JSON' } });
    expect(await post(body.replace('Hello world', 'Hello World'))).toMatchObject({
      error: { code: 'EVENT_SIGNATURE' },
    });
  });

  it('refuses an altered body, and takes nothing of it', async () => {
    const { sns, post, ledger } = await startWithSns();
    const altered = sns.notify(EVENT).replace('a.csv', 'b.csv');
    expect(await post(altered)).toMatchObject({ status: 401, code: 'EVENT_SIGNATURE' });
    expect(await ledger.objects.list({ limit: 5 })).toEqual([]);
  });

  it('refuses a topic that is not named before it fetches anything', async () => {
    const { sns, post } = await startWithSns();
    const body = sns.notify(EVENT, { TopicArn: TOPIC.replace('lake-events', 'other') });
    expect(await post(body)).toMatchObject({ status: 403, code: 'SNS_TOPIC' });
    expect(sns.fetched).toEqual([]);
  });

  it.each([
    ['another host', 'https://s3.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem'],
    [
      'a host that begins alike',
      'https://sns.eu-central-1.amazonaws.com.evil.example/SimpleNotificationService-01234567.pem',
    ],
    ['a host that ends alike', 'https://evilsns.eu-central-1.amazonaws.com/SimpleNotificationService-01234567.pem'],
    ['another region', CERTIFICATE_URL.replace('eu-central-1', 'us-east-1')],
    ['http', CERTIFICATE_URL.replace('https', 'http')],
    ['a port', CERTIFICATE_URL.replace('.com/', '.com:444/')],
    ['a user name', CERTIFICATE_URL.replace('https://', 'https://sns.eu-central-1.amazonaws.com@evil.example/')],
    ['a query', `${CERTIFICATE_URL}?x=.pem`],
    ['another path', 'https://sns.eu-central-1.amazonaws.com/x/SimpleNotificationService-01234567.pem'],
    ['a path out of its folder', 'https://sns.eu-central-1.amazonaws.com/../SimpleNotificationService-01234567.pem'],
    ['a line break', `${CERTIFICATE_URL}\n`],
    ['nothing', ''],
  ])('refuses a certificate from %s before it fetches anything, and logs it once', async (_name, url) => {
    const { sns, post, ledger, logger } = await startWithSns();
    for (let turn = 0; turn < 2; turn += 1)
      expect(await post(sns.notify(EVENT, { SigningCertURL: url }))).toMatchObject({
        status: 403,
        code: 'SNS_CERTIFICATE',
      });
    expect(sns.fetched).toEqual([]);
    expect(await ledger.objects.list({ limit: 5 })).toEqual([]);
    expect(logger.lines.filter((line) => line === 'events were refused')).toHaveLength(1);
  });

  it('refuses an expired certificate, and one of somebody else', async () => {
    const expired = makeCertificate({ to: new Date('2026-01-02T00:00:00Z') });
    const past = await startWithSns(openTestSns({}, expired));
    expect(await past.post(past.sns.notify(EVENT))).toMatchObject({ status: 403, code: 'SNS_CERTIFICATE' });
    const other = makeCertificate();
    const forged = await startWithSns(openTestSns({ [CERTIFICATE_URL]: async () => new Response(other.pem) }));
    expect(await forged.post(forged.sns.notify(EVENT))).toMatchObject({ status: 401, code: 'EVENT_SIGNATURE' });
  });

  it.each<[string, () => Promise<Response>]>([
    ['answers no', async () => new Response('', { status: 500 })],
    ['leads elsewhere', () => Promise.reject(new TypeError('unexpected redirect'))],
    ['sends without end', async () => new Response('x'.repeat(20_000))],
  ])('tells SNS to come again when its certificate’s host %s', async (_name, answer) => {
    const { sns, post } = await startWithSns(openTestSns({ '*': answer }));
    expect(await post(sns.notify(EVENT))).toMatchObject({ status: 503, code: 'SNS_AWAY' });
  });

  it('confirms a subscription of a named topic at an address that it built itself', async () => {
    const { sns, post } = await startWithSns();
    expect(await post(sns.confirm())).toMatchObject({ status: 200, body: NOTHING });
    expect(sns.fetched.slice(1)).toEqual([
      `https://sns.eu-central-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn=${encodeURIComponent(TOPIC)}&Token=2336412f37fb687f5d51e6e2425c464dec6f8d5e`,
    ]);
  });

  it.each([
    'http://169.254.169.254/latest/meta-data/',
    'https://10.0.0.7/',
    'file:///etc/passwd',
    'https://sns.us-east-1.amazonaws.com/',
  ])('never follows a SubscribeURL to %s, and logs it once', async (url) => {
    const { sns, post, logger } = await startWithSns();
    for (let turn = 0; turn < 2; turn += 1)
      expect(await post(sns.confirm({ SubscribeURL: url }))).toMatchObject({ status: 400, code: 'SNS_SUBSCRIBE_URL' });
    expect(logger.lines.filter((line) => line === 'events were refused')).toHaveLength(1);
    expect(sns.fetched).toEqual([CERTIFICATE_URL]);
  });

  it('says when a subscription has ended', async () => {
    const { sns, post, logger } = await startWithSns();
    expect(await post(sns.confirm({ Type: 'UnsubscribeConfirmation' }))).toMatchObject({ status: 200, body: NOTHING });
    expect(logger.lines).toContain('the subscription to the topic has ended: its events will not come any more');
  });

  it('takes raw delivery with a password in the subscription’s address, and none without', async () => {
    const { post } = await startWithSns();
    const raw = { 'x-amz-sns-rawdelivery': 'true', 'x-amz-sns-topic-arn': TOPIC };
    const authorization = `Basic ${Buffer.from(`sns:${TOKEN}`).toString('base64')}`;
    expect(await post(EVENT, { ...raw, authorization })).toMatchObject({ status: 200, body: { accepted: 1 } });
    expect(await post(EVENT, raw)).toMatchObject({ status: 401, code: 'EVENT_DENIED' });
    const other = { ...raw, 'x-amz-sns-topic-arn': `${TOPIC}-other`, authorization };
    expect(await post(EVENT, other)).toMatchObject({ status: 403, code: 'SNS_TOPIC' });
  });

  it('is not there where no topics are named', async () => {
    const { url } = await startTestIntake();
    expect((await fetch(`${url}/v1/events/sns`, { method: 'POST' })).status).toBe(404);
  });
});
