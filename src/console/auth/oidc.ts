import { Router } from 'express';
import * as client from 'openid-client';
import { z } from 'zod';
import type { ConsoleAuth } from '../../shared/config/consoleFields.js';
import { SluiceError, toSluiceError } from '../../shared/errors.js';
import type { Logger } from '../../shared/telemetry/log.js';
import { destination } from './destination.js';
import { roleOf } from './roleOf.js';
import { beginSession } from './session.js';

type OidcAuth = Extract<ConsoleAuth, { type: 'oidc' }>;

/** What the session remembers while the person is at the provider. */
const pending = z.object({ verifier: z.string(), state: z.string(), nonce: z.string(), to: z.string() });

/** Sign-in by an OpenID provider: authorization code with PKCE, state and nonce. */
export function openOidc({ auth, url, logger }: { auth: OidcAuth; url: string; logger: Logger }): Router {
  const router = Router();
  const redirectUri = new URL('/sign-in/callback', url).href;
  let found: Promise<client.Configuration> | undefined;
  /** Asked on first use and kept, so that a provider that is away does not keep the console down. */
  const provider = () =>
    (found ??= discover(auth).catch((error: unknown) => {
      found = undefined;
      throw error;
    }));
  router.get('/sign-in', async (request, response) => {
    const verifier = client.randomPKCECodeVerifier();
    const asked = {
      verifier,
      state: client.randomState(),
      nonce: client.randomNonce(),
      to: destination(request.query['to']),
    };
    const target = client.buildAuthorizationUrl(await provider(), {
      redirect_uri: redirectUri,
      scope: auth.scope,
      code_challenge: await client.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      state: asked.state,
      nonce: asked.nonce,
    });
    request.session = { pending: asked };
    response.set('cache-control', 'no-store').redirect(303, target.href);
  });
  router.get('/sign-in/callback', async (request, response) => {
    const asked = pending.safeParse((request.session as { pending?: unknown } | null)?.pending);
    request.session = null;
    if (!asked.success) throw new SluiceError('CONSOLE_SIGN_IN', 'expected a sign-in that began here, got none');
    const claims = await redeem(await provider(), new URL(request.originalUrl, url), asked.data).catch(
      (error: unknown) => {
        logger.warn({ error: toSluiceError(error).message }, 'a sign-in to the console failed');
        throw new SluiceError('CONSOLE_SIGN_IN', 'expected the provider to vouch for you, got a refusal', {
          cause: error,
        });
      },
    );
    const { name, known } = readPerson(claims, auth);
    const role = roleOf(known, auth);
    if (role === undefined)
      throw new SluiceError('CONSOLE_DENIED', `expected one of console.auth.viewers or operators, got ${name}`);
    // Who comes back after that is let in by the provider without a question while its own session stands.
    const lastsMs = Math.min(auth.sessionLasts, auth.askAgainAfter);
    beginSession(request, { who: { name, role }, lastsMs, known });
    response.redirect(303, destination(asked.data.to));
  });
  return router;
}

function discover({ issuer, clientId, clientSecret }: OidcAuth): Promise<client.Configuration> {
  // The token's signature is checked although TLS vouches for it, so that what says who somebody is never rests on the way alone.
  const execute = [client.enableNonRepudiationChecks];
  if (issuer.startsWith('http://')) execute.push(client.allowInsecureRequests);
  return client.discovery(new URL(issuer), clientId, clientSecret, undefined, { execute, timeout: 10 });
}

async function redeem(
  provider: client.Configuration,
  url: URL,
  { verifier, state, nonce }: z.infer<typeof pending>,
): Promise<Readonly<Record<string, unknown>>> {
  const tokens = await client.authorizationCodeGrant(provider, url, {
    pkceCodeVerifier: verifier,
    expectedState: state,
    expectedNonce: nonce,
    idTokenExpected: true,
  });
  return { ...tokens.claims() };
}

const person = z.object({
  sub: z.string(),
  email: z.string().optional(),
  email_verified: z.boolean().optional(),
});

/** Who the provider says it is, and what a role may rest on; an address counts only when the provider has verified it. */
function readPerson(
  claims: Readonly<Record<string, unknown>>,
  auth: OidcAuth,
): { readonly name: string; readonly known: readonly string[] } {
  const { sub, email, email_verified: isVerified = false } = person.parse(claims);
  const groups = z.array(z.string()).catch([]).parse(claims[auth.groupsClaim]);
  const verified = email !== undefined && isVerified ? [email] : [];
  // Only what the configuration names goes into the cookie, which has room for few.
  const named = new Set([...auth.operators, ...(auth.viewers ?? [])]);
  return { name: verified[0] ?? sub, known: [...groups, ...verified].filter((one) => named.has(one)) };
}
