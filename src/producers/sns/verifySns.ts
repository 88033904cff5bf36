import { createVerify } from 'node:crypto';
import { SluiceError } from '../../shared/errors.js';
import type { SnsEnvelope } from '../events/snsEnvelope.js';
import type { CertificateSource } from './certificates.js';

/** SHA-1 is what SNS itself uses for version 1, its default; version 2 is set on the topic. */
const ALGORITHMS: Readonly<Record<string, string>> = { '1': 'RSA-SHA1', '2': 'RSA-SHA256' };

/**
 * Verifies that an envelope comes from SNS: its topic is an allowed one, its certificate lies where SNS of the topic's region puts them
 * (https, that host, that path, nothing else), and its signature fits. Nothing is fetched for a topic or an address that is not allowed.
 * Throws SNS_TOPIC, SNS_CERTIFICATE, EVENT_SIGNATURE, SNS_AWAY.
 */
export async function verifySns(
  { topicArn, signature }: SnsEnvelope,
  { topics, certificates }: { readonly topics: ReadonlySet<string>; readonly certificates: CertificateSource },
): Promise<void> {
  requireTopic(topicArn, topics);
  const algorithm = ALGORITHMS[signature.version];
  if (algorithm === undefined) throw new SluiceError('EVENT_SIGNATURE', 'expected signature version 1 or 2');
  if (!isCertificateUrl(signature.certificateUrl, topicArn))
    throw new SluiceError('SNS_CERTIFICATE', `expected a certificate of ${snsHost(topicArn)}, got another address`);
  const key = await certificates(signature.certificateUrl);
  const fits = createVerify(algorithm).update(signature.signed, 'utf8').verify(key, signature.value, 'base64');
  if (!fits) throw new SluiceError('EVENT_SIGNATURE', 'expected a signature of what the envelope says, got another');
}

/** Throws SNS_TOPIC for a topic that is not named in the configuration. */
export function requireTopic(topicArn: string, topics: ReadonlySet<string>): void {
  if (!topics.has(topicArn))
    throw new SluiceError('SNS_TOPIC', `expected a topic of intake.webhook.sns.topics, got ${topicArn.slice(0, 300)}`);
}

/** The host of SNS for a topic: its region, and its partition's domain. */
export function snsHost(topicArn: string): string {
  const [, partition = '', , region = ''] = topicArn.split(':');
  return `sns.${region}.amazonaws.com${partition === 'aws-cn' ? '.cn' : ''}`;
}

function isCertificateUrl(text: string, topicArn: string): boolean {
  // As text, so that no leniency of a parser (user names, ports, dots, backslashes, escapes) is between what is checked and what is fetched.
  const [, host, file] = /^https:\/\/([a-z0-9.-]+)\/(SimpleNotificationService-[0-9a-f]{8,64}\.pem)$/.exec(text) ?? [];
  return host === snsHost(topicArn) && file !== undefined;
}
