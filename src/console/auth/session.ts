import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import cookieSession from 'cookie-session';
import type { Request, RequestHandler } from 'express';
import { z } from 'zod';
import type { ConsoleAuth } from '../../shared/config/consoleFields.js';
import type { Viewer } from './viewer.js';

const signedIn = z.object({
  name: z.string(),
  role: z.enum(['viewer', 'operator']),
  csrf: z.string(),
  /** Ms since 1970. */
  since: z.number(),
  until: z.number(),
  proof: z.string(),
  known: z.array(z.string()).default([]),
});

/** What a session is begun with. */
export interface NewSession {
  readonly who: Pick<Viewer, 'name' | 'role'>;
  readonly lastsMs: number;
  /** Changes with what the sign-in rested on, such as the password: then the session is over. */
  readonly proof?: string;
  /** What the provider said of the person that a role may rest on. */
  readonly known?: readonly string[];
}

/** Who has signed in, with what their role is found by. */
export type Session = Required<Viewer> & { readonly proof: string; readonly known: readonly string[] };

/** The cookie of a console: signed, not readable by scripts, not sent by other sites' forms, by https alone where people come by https. */
export function openSessions(auth: ConsoleAuth, { isHttps }: { isHttps: boolean }): RequestHandler {
  const sessions = cookieSession({
    name: 'sluice',
    keys: [auth.sessionSecret ?? randomBytes(32).toString('hex')],
    maxAge: auth.sessionLasts,
    httpOnly: true,
    sameSite: 'lax',
    secure: isHttps,
  });
  if (!isHttps) return sessions;
  return (request, response, next) => {
    // The url says https: a proxy that forgets x-forwarded-proto must not cost the cookie, which is refused over what looks like http.
    Object.defineProperty(request, 'protocol', { value: 'https', configurable: true });
    sessions(request, response, next);
  };
}

/** Begins a session of its own: nothing of what was in the cookie before stays. */
export function beginSession(request: Request, { who, lastsMs, proof = '', known = [] }: NewSession): void {
  const since = Date.now();
  const csrf = randomBytes(24).toString('base64url');
  request.session = { ...who, csrf, since, until: since + lastsMs, proof, known };
}

/** Who has signed in; undefined for nobody, when the session's time is over, and when it began before `notBefore`. */
export function readSession(request: Request, notBefore = 0): Session | undefined {
  const parsed = signedIn.safeParse(request.session);
  if (!parsed.success || parsed.data.until <= Date.now() || parsed.data.since < notBefore) return undefined;
  const { since: _since, ...session } = parsed.data;
  return session;
}

/** What a session of a password rests on: another password, or another hash of it, is another proof. It does not tell the password. */
export function proofOf(passwordOrHash: string, { sessionSecret = '' }: Pick<ConsoleAuth, 'sessionSecret'>): string {
  return createHmac('sha256', sessionSecret).update(passwordOrHash).digest('base64url').slice(0, 22);
}

/** Whether a request that changes something comes from a page of the session itself: it sends the token that only such a page can read. */
export function isOwnForm(request: Request, csrf: string): boolean {
  const body: unknown = request.body;
  const field = typeof body === 'object' && body !== null && 'csrf' in body ? body.csrf : undefined;
  const given = request.get('x-csrf-token') ?? (typeof field === 'string' ? field : '');
  const [a, b] = [Buffer.from(given), Buffer.from(csrf)];
  return a.length === b.length && timingSafeEqual(a, b);
}
