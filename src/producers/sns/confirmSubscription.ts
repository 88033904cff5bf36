import { SluiceError } from '../../shared/errors.js';
import type { SnsEnvelope } from '../events/snsEnvelope.js';
import { fetchText, type Fetch } from './fetchText.js';
import { snsHost } from './verifySns.js';

const MAX_BYTES = 64 * 1024;

/**
 * Confirms a subscription of a verified envelope. The address is built from the topic and the token, never taken from the message; one that
 * leads elsewhere is refused. Throws SNS_SUBSCRIBE_URL, EVENT_MALFORMED without a token, SNS_AWAY.
 */
export async function confirmSubscription({ topicArn, token, subscribeUrl }: SnsEnvelope, fetch: Fetch): Promise<void> {
  const host = snsHost(topicArn);
  if (token === undefined) throw new SluiceError('EVENT_MALFORMED', 'Token: expected one, got none');
  if (subscribeUrl !== undefined && !subscribeUrl.startsWith(`https://${host}/`))
    throw new SluiceError('SNS_SUBSCRIBE_URL', `expected a SubscribeURL of ${host}, got another address`);
  const query = new URLSearchParams({ Action: 'ConfirmSubscription', TopicArn: topicArn, Token: token });
  await fetchText(fetch, `https://${host}/?${query.toString()}`, MAX_BYTES);
}
