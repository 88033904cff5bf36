import type { Request, RequestHandler, Response } from 'express';
import type { ConsoleAuth, Role } from '../../shared/config/consoleFields.js';
import { SluiceError } from '../../shared/errors.js';
import { openTokenCheck } from '../../shared/http/bearer.js';
import { roleOf } from './roleOf.js';
import { isOwnForm, proofOf, readSession } from './session.js';
import { asViewer, THE_ONE_USER, type Viewer } from './viewer.js';

/**
 * Lets nobody by who has not signed in: pages lead to the sign-in, JSON is answered 401. A bearer token stands for the program that
 * has it. What changes something must carry the session's own token (403 CONSOLE_CSRF), so no other site can send it in somebody's name.
 */
export function openGuard(auth: ConsoleAuth): RequestHandler {
  const readToken = openTokenCheck(auth.tokens.map(({ token }) => token));
  const byToken = (request: Request): Viewer | undefined => {
    // A browser sends Basic by itself, also with what another site makes it send.
    if (!/^Bearer /i.test(request.get('authorization') ?? '')) return undefined;
    const index = /^token (\d+)$/.exec(readToken(request) ?? '')?.[1];
    const found = index === undefined ? undefined : auth.tokens[Number(index) - 1];
    return found === undefined ? undefined : { name: found.name, role: found.role };
  };
  return (request, response, next) => {
    const viewer = byToken(request) ?? bySession(request, auth);
    if (viewer === undefined) return refuse(request, response);
    response.set('cache-control', 'no-store');
    if (!isSafe(request) && viewer.csrf !== undefined && !isOwnForm(request, viewer.csrf)) {
      const message = `expected the token of the signed-in page with ${request.method} ${request.path}, got none or another`;
      return next(new SluiceError('CONSOLE_CSRF', message));
    }
    return asViewer(viewer, () => next());
  };
}

/** Who has signed in, with what they may do by the configuration of now: who is gone, has another password or became a viewer is so at once. */
function bySession(request: Request, auth: ConsoleAuth): Viewer | undefined {
  const session = readSession(request, auth.sessionsNotBefore);
  if (session === undefined) return undefined;
  const { name, csrf, until, proof, known } = session;
  const role = auth.type === 'oidc' ? roleOf(known, auth) : roleOfUser({ name, proof }, auth);
  return role === undefined ? undefined : { name, csrf, until, role };
}

function roleOfUser(
  { name, proof }: { readonly name: string; readonly proof: string },
  auth: Extract<ConsoleAuth, { type: 'password' }>,
): Role | undefined {
  const theOne = auth.users.length === 0 ? [{ ...THE_ONE_USER, passwordHash: auth.password }] : [];
  const user = [...auth.users, ...theOne].find((one) => one.name === name);
  // A password that was made up at the start is known to this process alone, as its sessions are.
  const isSame = user?.passwordHash === undefined || proofOf(user.passwordHash, auth) === proof;
  return isSame ? user?.role : undefined;
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
