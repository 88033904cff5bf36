import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';

/** Who a request is from, by its token: a name for limits and logs, never the token. Undefined: nobody known. */
export type TokenCheck = (request: IncomingMessage) => string | undefined;

/**
 * The check of `Authorization: Bearer` (or of a Basic password, which SNS can send), in a time that tells nothing about the tokens:
 * digests of equal length are compared, each with all of them.
 */
export function openTokenCheck(tokens: readonly string[]): TokenCheck {
  const digests = tokens.map(digest);
  return ({ headers }) => {
    const given = digest(readToken(headers.authorization ?? ''));
    const index = digests.map((wanted) => timingSafeEqual(wanted, given)).indexOf(true);
    return index === -1 ? undefined : `token ${index + 1}`;
  };
}

/** Whether a request comes from a program of this machine: not what a proxy forwards, nor what a web page sends. */
export function isOwnMachine({ headers, socket }: IncomingMessage): boolean {
  if (headers['x-forwarded-for'] !== undefined || headers.forwarded !== undefined || headers.origin !== undefined)
    return false;
  const address = (socket.remoteAddress ?? '').replace(/^::ffff:/, '');
  return address === '::1' || (isIP(address) === 4 && address.startsWith('127.'));
}

function readToken(authorization: string): string {
  const bearer = /^Bearer +(\S+)$/i.exec(authorization)?.[1];
  if (bearer !== undefined) return bearer;
  const basic = /^Basic +(\S+)$/i.exec(authorization)?.[1];
  return basic === undefined ? '' : (/^[^:]*:(.*)$/s.exec(Buffer.from(basic, 'base64').toString('utf8'))?.[1] ?? '');
}

function digest(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
