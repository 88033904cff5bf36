import { createHash, createSign, generateKeyPairSync, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { onTestFinished } from 'vitest';

export interface Person {
  readonly sub: string;
  readonly [claim: string]: unknown;
}

/** A small OpenID provider: code flow with PKCE, tokens signed with RS256. `person` says who is there; `spoil` alters a token's claims or key. */
export async function startProvider() {
  const state = { person: { sub: 'u1' } as Person, spoil: 'none' as 'none' | 'nonce' | 'audience' | 'key' };
  const good = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const other = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const codes = new Map<string, { challenge: string; nonce: string }>();
  let issuer = '';
  const sign = (claims: unknown) => {
    const text = [{ alg: 'RS256', kid: 'k1', typ: 'JWT' }, claims]
      .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
      .join('.');
    const key = state.spoil === 'key' ? other.privateKey : good.privateKey;
    return `${text}.${createSign('RSA-SHA256').update(text).sign(key).toString('base64url')}`;
  };
  const token = (body: URLSearchParams) => {
    const code = codes.get(body.get('code') ?? '');
    codes.delete(body.get('code') ?? '');
    const challenge = createHash('sha256')
      .update(body.get('code_verifier') ?? '')
      .digest('base64url');
    if (code === undefined || code.challenge !== challenge) return undefined;
    const now = Math.floor(Date.now() / 1000);
    const nonce = state.spoil === 'nonce' ? 'another' : code.nonce;
    const aud = state.spoil === 'audience' ? 'somebody else' : 'sluice';
    return {
      access_token: 'access',
      token_type: 'Bearer',
      id_token: sign({ iss: issuer, aud, nonce, iat: now, exp: now + 60, ...state.person }),
    };
  };
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', issuer);
    const answer = (status: number, body: unknown) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    if (url.pathname === '/.well-known/openid-configuration')
      return answer(200, {
        issuer,
        authorization_endpoint: `${issuer}/authorize`,
        token_endpoint: `${issuer}/token`,
        jwks_uri: `${issuer}/jwks`,
        response_types_supported: ['code'],
        subject_types_supported: ['public'],
        id_token_signing_alg_values_supported: ['RS256'],
      });
    if (url.pathname === '/jwks')
      return answer(200, {
        keys: [{ ...good.publicKey.export({ format: 'jwk' }), kid: 'k1', alg: 'RS256', use: 'sig' }],
      });
    if (url.pathname === '/authorize') {
      const code = randomBytes(8).toString('hex');
      const [challenge, nonce] = [url.searchParams.get('code_challenge') ?? '', url.searchParams.get('nonce') ?? ''];
      codes.set(code, { challenge, nonce });
      const back = new URL(url.searchParams.get('redirect_uri') ?? '');
      back.search = new URLSearchParams({ code, state: url.searchParams.get('state') ?? '' }).toString();
      return response.writeHead(303, { location: back.href }).end();
    }
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      const tokens = token(new URLSearchParams(body));
      answer(tokens === undefined ? 400 : 200, tokens ?? { error: 'invalid_grant' });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  issuer = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
  onTestFinished(() => void server.close());
  return { state, issuer };
}
