import { randomBytes, timingSafeEqual } from 'node:crypto';
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
  until: z.number(),
});

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
export function beginSession(request: Request, who: Pick<Viewer, 'name' | 'role'>, lastsMs: number): void {
  request.session = { ...who, csrf: randomBytes(24).toString('base64url'), until: Date.now() + lastsMs };
}

/** Who has signed in; undefined for nobody, and when the session's time is over. */
export function readSession(request: Request): (Viewer & { readonly csrf: string }) | undefined {
  const parsed = signedIn.safeParse(request.session);
  if (!parsed.success || parsed.data.until <= Date.now()) return undefined;
  const { name, role, csrf } = parsed.data;
  return { name, role, csrf };
}

/** Whether a request that changes something comes from a page of the session itself: it sends the token that only such a page can read. */
export function isOwnForm(request: Request, csrf: string): boolean {
  const body: unknown = request.body;
  const field = typeof body === 'object' && body !== null && 'csrf' in body ? body.csrf : undefined;
  const given = request.get('x-csrf-token') ?? (typeof field === 'string' ? field : '');
  const [a, b] = [Buffer.from(given), Buffer.from(csrf)];
  return a.length === b.length && timingSafeEqual(a, b);
}
