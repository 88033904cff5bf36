import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { S3Fault, faults } from './fault.js';

/** The one identity that may sign requests. */
export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** What of a request a signature covers. */
export interface SignedRequest {
  readonly method: string;
  /** As on the wire, percent-encoded, without the query. */
  readonly rawPath: string;
  readonly query: URLSearchParams;
  /** Names in lower case; several values of a name joined by a comma. */
  readonly headers: Readonly<Record<string, string | undefined>>;
}

/** What a good signature says about the body that follows. */
export interface VerifiedSignature {
  /** The value of x-amz-content-sha256: a hex hash, UNSIGNED-PAYLOAD or one of the STREAMING- forms. */
  readonly payload: string;
  /** To verify signed chunks with; each chunk's signature follows from the one before. */
  readonly chunks: ChunkKey;
}

export interface ChunkKey {
  readonly signingKey: Buffer;
  readonly seed: string;
  readonly date: string;
  readonly scope: string;
}

interface Claim {
  readonly credential: string;
  readonly signedHeaders: string;
  readonly signature: string;
  readonly date: string;
  readonly payload: string;
  readonly query: readonly (readonly [string, string])[];
}

const ALGORITHM = 'AWS4-HMAC-SHA256';
const MAX_SKEW_MS = 15 * 60_000;
const MAX_EXPIRES_S = 7 * 24 * 3600;

/**
 * Verifies AWS Signature Version 4, in the Authorization header or in a presigned query
 * (docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-authenticating-requests.html). Throws the 403 that S3 would answer.
 */
export function verifySignature(
  request: SignedRequest,
  options: { readonly credentials: Credentials; readonly nowMs: number },
): VerifiedSignature {
  const { credentials, nowMs } = options;
  const claim = request.query.has('X-Amz-Algorithm') ? presignedClaim(request, nowMs) : headerClaim(request, nowMs);
  const [accessKeyId, day, region, service, terminator] = splitCredential(claim.credential);
  if (accessKeyId !== credentials.accessKeyId)
    throw new S3Fault(403, 'InvalidAccessKeyId', 'The access key id you provided does not exist in our records.');
  if (!claim.signedHeaders.split(';').includes('host')) throw faults.accessDenied('The host header must be signed');
  const scope = [day, region, service, terminator].join('/');
  const signingKey = deriveKey(credentials.secretAccessKey, [day, region, service, terminator]);
  const toSign = [ALGORITHM, claim.date, scope, sha256Hex(canonicalRequest(request, claim))].join('\n');
  const expected = hmac(signingKey, toSign).toString('hex');
  if (!sameText(expected, claim.signature)) {
    throw new S3Fault(
      403,
      'SignatureDoesNotMatch',
      'The request signature we calculated does not match the signature you provided.',
    );
  }
  return { payload: claim.payload, chunks: { signingKey, seed: expected, date: claim.date, scope } };
}

/** The signature of one aws-chunk, from the signature before it and the hash (hex) of its data. */
export function chunkSignature(key: ChunkKey, previous: string, dataHash: string): string {
  const parts = [`${ALGORITHM}-PAYLOAD`, key.date, key.scope, previous, sha256Hex(''), dataHash];
  return hmac(key.signingKey, parts.join('\n')).toString('hex');
}

/** The signature of the trailers, from that of the last chunk and the hash (hex) of `name:value\n` lines. */
export function trailerSignature(key: ChunkKey, previous: string, trailersHash: string): string {
  const parts = [`${ALGORITHM}-TRAILER`, key.date, key.scope, previous, trailersHash];
  return hmac(key.signingKey, parts.join('\n')).toString('hex');
}

/** Compares two texts in a time that does not tell where they differ. */
export function sameText(left: string, right: string): boolean {
  const [a, b] = [Buffer.from(left), Buffer.from(right)];
  return a.length === b.length && timingSafeEqual(a, b);
}

/** RFC 3986 encoding as the signature wants it: all but the unreserved characters. */
export function encodeStrict(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

function headerClaim({ headers, query }: SignedRequest, nowMs: number): Claim {
  const match = /^AWS4-HMAC-SHA256 Credential=([^,\s]+),\s*SignedHeaders=([^,\s]+),\s*Signature=(\w+)\s*$/.exec(
    headers['authorization'] ?? '',
  );
  const [, credential, signedHeaders, signature] = match ?? [];
  if (credential === undefined || signedHeaders === undefined || signature === undefined) throw faults.accessDenied();
  const date = headers['x-amz-date'] ?? '';
  const signedAt = parseAmzDate(date);
  if (Math.abs(nowMs - signedAt) > MAX_SKEW_MS) {
    throw new S3Fault(403, 'RequestTimeTooSkewed', 'The request time and the current time differ by too much.');
  }
  const payload = headers['x-amz-content-sha256'];
  if (payload === undefined) throw new S3Fault(400, 'InvalidRequest', 'Missing required header: x-amz-content-sha256');
  return { credential, signedHeaders, signature, date, payload, query: [...query] };
}

function presignedClaim({ headers, query }: SignedRequest, nowMs: number): Claim {
  const field = (name: string): string => {
    const value = query.get(name);
    if (value === null) throw new S3Fault(403, 'AuthorizationQueryParametersError', `${name} is missing`);
    return value;
  };
  if (field('X-Amz-Algorithm') !== ALGORITHM)
    throw new S3Fault(403, 'AuthorizationQueryParametersError', `X-Amz-Algorithm must be ${ALGORITHM}`);
  const date = field('X-Amz-Date');
  const expiresS = Number(field('X-Amz-Expires'));
  const signedAt = parseAmzDate(date);
  if (!(expiresS > 0 && expiresS <= MAX_EXPIRES_S))
    throw new S3Fault(403, 'AuthorizationQueryParametersError', 'X-Amz-Expires must be between 1 and 604800 seconds');
  if (signedAt > nowMs + MAX_SKEW_MS) throw faults.accessDenied('Request is not yet valid');
  if (nowMs > signedAt + expiresS * 1000) throw faults.accessDenied('Request has expired');
  const signedHeaders = field('X-Amz-SignedHeaders');
  const hashHeader = signedHeaders.split(';').includes('x-amz-content-sha256')
    ? headers['x-amz-content-sha256']
    : undefined;
  return {
    credential: field('X-Amz-Credential'),
    signedHeaders,
    signature: field('X-Amz-Signature'),
    date,
    payload: query.get('X-Amz-Content-Sha256') ?? hashHeader ?? 'UNSIGNED-PAYLOAD',
    query: [...query].filter(([name]) => name !== 'X-Amz-Signature'),
  };
}

function canonicalRequest(request: SignedRequest, claim: Claim): string {
  const query = claim.query
    .map(([name, value]) => [encodeStrict(name), encodeStrict(value)] as const)
    .sort(([a, x], [b, y]) => (a === b ? compare(x, y) : compare(a, b)))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
  const headers = claim.signedHeaders
    .split(';')
    .map((name) => `${name}:${(request.headers[name] ?? '').trim().replace(/ +/g, ' ')}\n`)
    .join('');
  return [request.method, request.rawPath, query, headers, claim.signedHeaders, claim.payload].join('\n');
}

/** An access key id may itself contain slashes; the scope is the last four fields. */
function splitCredential(credential: string): readonly [string, string, string, string, string] {
  const fields = credential.split('/');
  const [day, region, service, terminator] = fields.slice(-4);
  if (fields.length < 5 || day === undefined || region === undefined || service === undefined)
    throw faults.accessDenied();
  if (terminator !== 'aws4_request' || service !== 's3')
    throw faults.accessDenied('The credential scope is not for s3');
  return [fields.slice(0, -4).join('/'), day, region, service, terminator];
}

function parseAmzDate(date: string): number {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(date);
  if (match === null) throw faults.accessDenied('AWS authentication requires a valid x-amz-date');
  const [, year, month, day, hour, minute, second] = match;
  return Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
}

function deriveKey(secret: string, scope: readonly string[]): Buffer {
  return scope.reduce<Buffer>((key, field) => hmac(key, field), Buffer.from(`AWS4${secret}`));
}

function compare(left: string, right: string): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

function sha256Hex(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
