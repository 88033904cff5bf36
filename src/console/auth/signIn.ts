import { randomBytes } from 'node:crypto';
import express, { type NextFunction, type Request, type Response, Router } from 'express';
import { type Options, rateLimit } from 'express-rate-limit';
import { z } from 'zod';
import type { ConsoleAuth } from '../../shared/config/consoleFields.js';
import { SluiceError } from '../../shared/errors.js';
import type { Logger } from '../../shared/telemetry/log.js';
import { renderSignIn } from '../pages/signIn.js';
import { destination } from './destination.js';
import { hashPassword, isPassword } from './passwords.js';
import { openOidc } from './oidc.js';
import { beginSession, isOwnForm, proofOf, readSession } from './session.js';
import { THE_ONE_USER, type Viewer } from './viewer.js';

export interface SignInOptions {
  readonly auth: ConsoleAuth;
  /** Where people reach the console. */
  readonly url: string;
  readonly logger: Logger;
}

/** Sign-ins that may fail in 15 minutes: from one address, and of one name wherever they come from. */
const MAX_FAILURES = { address: 10, name: 20 };

/** The doors: /sign-in, /sign-in/callback (OIDC), /sign-out. Mounted before the guard. */
export async function openSignIn({ auth, url, logger }: SignInOptions): Promise<Router> {
  const router = Router();
  if (auth.type === 'oidc') router.use(openOidc({ auth, url, logger }));
  else openPasswordDoor(router, { auth, check: await openPasswordCheck(auth, logger), logger });
  router.post('/sign-out', express.urlencoded({ extended: false, limit: '10kb' }), (request, response) => {
    const session = readSession(request);
    if (session !== undefined && !isOwnForm(request, session.csrf)) return void response.redirect(303, '/');
    request.session = null;
    response.redirect(303, '/sign-in');
  });
  return router;
}

type PasswordAuth = Extract<ConsoleAuth, { type: 'password' }>;
interface Known {
  readonly who: Pick<Viewer, 'name' | 'role'>;
  readonly proof: string;
}
type PasswordCheck = (name: string, password: string) => Promise<Known | undefined>;

const form = z.object({
  name: z.string().max(200),
  password: z.string().max(1000),
  to: z.string().max(2000).catch('/'),
});

function openPasswordDoor(
  router: Router,
  { auth, check, logger }: { auth: PasswordAuth; check: PasswordCheck; logger: Logger },
): void {
  const byAddress = rateLimit({ ...failures, limit: MAX_FAILURES.address });
  // Whoever can choose the address that counts, by many machines or by a header that a proxy lets through, cannot choose the name.
  const byName = rateLimit({
    ...failures,
    limit: MAX_FAILURES.name,
    keyGenerator: (request) => readForm(request).name,
  });
  router.get('/sign-in', (request, response) => show(response, { to: destination(request.query['to']) }));
  router.post(
    '/sign-in',
    refuseOtherSites,
    byAddress,
    express.urlencoded({ extended: false, limit: '10kb' }),
    byName,
    async (request: Request, response: Response) => {
      const { name, password, to } = readForm(request);
      const known = await check(name, password);
      if (known === undefined) {
        logger.warn({ name }, 'a sign-in to the console failed');
        return show(response.status(401), { to: destination(to), fault: 'This name and password do not fit.' });
      }
      beginSession(request, { ...known, lastsMs: auth.sessionLasts });
      response.redirect(303, destination(to));
    },
  );
}

const failures: Partial<Options> = {
  windowMs: 15 * 60 * 1000,
  skipSuccessfulRequests: true,
  requestWasSuccessful: (_request, response) => response.statusCode === 303,
  handler: (_request, response) => {
    show(response.status(429), { to: '/', fault: 'Too many attempts failed. Try again in 15 minutes.' });
  },
};

function readForm(request: Request): z.infer<typeof form> {
  return form.catch({ name: '', password: '', to: '/' }).parse(request.body);
}

/** Another site could sign somebody in under its own name, and see what they then do. Browsers say where a request began. */
function refuseOtherSites(request: Request, _response: Response, next: NextFunction): void {
  const site = request.get('sec-fetch-site') ?? 'none';
  if (site === 'same-origin' || site === 'none') return next();
  next(
    new SluiceError('CONSOLE_CSRF', `expected a sign-in from the console’s own page, got one from elsewhere (${site})`),
  );
}

function show(response: Response, page: { to: string; fault?: string }): void {
  response.set('cache-control', 'no-store').send(renderSignIn(page));
}

async function openPasswordCheck(auth: PasswordAuth, logger: Logger): Promise<PasswordCheck> {
  const users = auth.users.length > 0 ? auth.users : [await theOneUser(auth, logger)];
  const nobody = await hashPassword(randomBytes(16).toString('hex'));
  return async (name, password) => {
    const user = users.find((one) => one.name === name);
    const fits = await isPassword(password, user?.passwordHash ?? nobody);
    if (user === undefined || !fits) return undefined;
    return {
      who: { name: user.name, role: user.role },
      proof: proofOf(auth.users.length > 0 ? user.passwordHash : (auth.password ?? ''), auth),
    };
  };
}

async function theOneUser({ password }: PasswordAuth, logger: Logger): Promise<PasswordAuth['users'][number]> {
  const made = password ?? randomBytes(12).toString('base64url');
  if (password === undefined)
    logger.warn(
      { name: THE_ONE_USER.name, password: made },
      'console.auth names no password: this one holds until the console ends',
    );
  return { ...THE_ONE_USER, passwordHash: await hashPassword(made) };
}
