import type { Request, RequestHandler, Response } from 'express';
import type { ConsoleAuth } from '../../shared/config/consoleFields.js';
import { SluiceError } from '../../shared/errors.js';
import { openTokenCheck } from '../../shared/http/bearer.js';
import { isOwnForm, readSession } from './session.js';
import { asViewer, type Viewer } from './viewer.js';

/**
 * Lets nobody by who has not signed in: pages lead to the sign-in, JSON is answered 401. A bearer token stands for the program that
 * has it. What changes something must carry the session's own token (403 CONSOLE_CSRF), so no other site can send it in somebody's name.
 */
export function openGuard(auth: ConsoleAuth): RequestHandler {
  const readToken = openTokenCheck(auth.tokens.map(({ token }) => token));
  const byToken = (request: Request): Viewer | undefined => {
    const index = /^token (\d+)$/.exec(readToken(request) ?? '')?.[1];
    const found = index === undefined ? undefined : auth.tokens[Number(index) - 1];
    return found === undefined ? undefined : { name: found.name, role: found.role };
  };
  const isKnown = ({ name }: Viewer) =>
    auth.type === 'oidc' || auth.users.length === 0 || auth.users.some((user) => user.name === name);
  return (request, response, next) => {
    const session = readSession(request);
    const viewer = byToken(request) ?? (session !== undefined && isKnown(session) ? session : undefined);
    if (viewer === undefined) return refuse(request, response);
    response.set('cache-control', 'no-store');
    if (!isSafe(request) && viewer.csrf !== undefined && !isOwnForm(request, viewer.csrf)) {
      const message = `expected the token of the signed-in page with ${request.method} ${request.path}, got none or another`;
      return next(new SluiceError('CONSOLE_CSRF', message));
    }
    return asViewer(viewer, () => next());
  };
}

/** Lets only operators by. Errors: CONSOLE_DENIED. Where there is no sign-in, `viewer` is undefined and this machine's user acts. */
export function requireOperator(viewer: Viewer | undefined): void {
  if (viewer === undefined || viewer.role === 'operator') return;
  throw new SluiceError('CONSOLE_DENIED', `expected an operator, got ${viewer.name}, who may look`);
}

function isSafe({ method }: Request): boolean {
  return method === 'GET' || method === 'HEAD' || method === 'OPTIONS';
}

function refuse(request: Request, response: Response): void {
  if (request.originalUrl.startsWith('/v1/') || request.get('accept')?.includes('text/html') !== true) {
    response.status(401).json({
      error: {
        code: 'CONSOLE_SIGN_IN',
        message: 'expected somebody who has signed in, or a bearer token of console.auth.tokens',
        mend: 'Sign in at /sign-in.',
      },
    });
    return;
  }
  response.redirect(303, `/sign-in?to=${encodeURIComponent(request.originalUrl)}`);
}
