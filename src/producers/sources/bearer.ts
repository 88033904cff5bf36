import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';

/** Whether a request may send events. */
export type TokenCheck = (request: IncomingMessage) => boolean;

/**
 * The check of `Authorization: Bearer`, in a time that tells nothing about the tokens: digests of equal length are compared, each with
 * all of them. Without tokens only callers of this machine are let in, and neither what a proxy forwards nor what a web page sends.
 */
export function openTokenCheck(tokens: readonly string[]): TokenCheck {
  if (tokens.length === 0) return isOwnMachine;
  const digests = tokens.map(digest);
  return ({ headers }) => {
    const given = digest(/^Bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1] ?? '');
    return digests.map((wanted) => timingSafeEqual(wanted, given)).includes(true);
  };
}

function digest(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

function isOwnMachine({ headers, socket }: IncomingMessage): boolean {
  if (headers['x-forwarded-for'] !== undefined || headers.forwarded !== undefined || headers.origin !== undefined)
    return false;
  const address = (socket.remoteAddress ?? '').replace(/^::ffff:/, '');
  return address === '::1' || (isIP(address) === 4 && address.startsWith('127.'));
}
