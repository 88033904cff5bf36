import { createSign } from 'node:crypto';
import { readSnsEnvelope } from '../../src/producers/events/snsEnvelope.js';
import { makeCertificate, type TestCertificate } from './certificate.js';

export const TOPIC = 'arn:aws:sns:eu-central-1:123456789012:lake-events';
export const CERTIFICATE_URL =
  'https://sns.eu-central-1.amazonaws.com/SimpleNotificationService-0123456789abcdef0123456789abcdef.pem';

/** A stand-in for Amazon SNS: signs with the key of its own certificate, and answers what would be fetched of it. */
export interface TestSns {
  readonly certificate: TestCertificate;
  /** Addresses that were fetched. */
  readonly fetched: string[];
  /** Give it to intake as its `fetch`. */
  readonly fetch: (url: string) => Promise<Response>;
  /** The signed body of a notification with this message. */
  notify(message: string, over?: Record<string, string>): string;
  /** The signed body of a confirmation. */
  confirm(over?: Record<string, string>): string;
}

/** Opens the stand-in. `answers` replaces what an address is answered with. */
export function openTestSns(
  answers: Readonly<Record<string, () => Promise<Response>>> = {},
  certificate = makeCertificate(),
): TestSns {
  const fetched: string[] = [];
  const sign = (fields: Record<string, string>): string => {
    const envelope = readSnsEnvelope(fields);
    if (envelope.kind === 'fault') throw new Error(envelope.message);
    const algorithm = fields['SignatureVersion'] === '2' ? 'RSA-SHA256' : 'RSA-SHA1';
    const signature = createSign(algorithm).update(envelope.signature.signed, 'utf8').sign(certificate.key, 'base64');
    return JSON.stringify({ ...fields, Signature: signature });
  };
  const common = {
    MessageId: 'da41e39f-ea4d-435a-b922-c6aae3915ebe',
    TopicArn: TOPIC,
    Timestamp: '2026-03-01T04:05:07.001Z',
    SignatureVersion: '1',
    SigningCertURL: CERTIFICATE_URL,
  };
  return {
    certificate,
    fetched,
    fetch: async (url) => {
      fetched.push(url);
      const answer = answers[url] ?? answers['*'];
      if (answer !== undefined) return answer();
      if (url === CERTIFICATE_URL) return new Response(certificate.pem);
      if (url.includes('Action=ConfirmSubscription')) return new Response('<ConfirmSubscriptionResponse/>');
      return new Response('not here', { status: 404 });
    },
    notify: (message, over = {}) => sign({ ...common, Type: 'Notification', Message: message, ...over }),
    confirm: (over = {}) =>
      sign({
        ...common,
        Type: 'SubscriptionConfirmation',
        Message: 'You have chosen to subscribe to the topic.',
        Token: '2336412f37fb687f5d51e6e2425c464dec6f8d5e',
        SubscribeURL: `https://sns.eu-central-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn=${TOPIC}`,
        ...over,
      }),
  };
}
