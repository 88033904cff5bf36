import { createHash, createHmac } from 'node:crypto';

/** Who signs, and for where. */
export interface SigningPlace {
  readonly region: string;
  readonly credentials: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken?: string | undefined;
  };
}

/** A GET before it is signed. */
export interface UnsignedGet {
  /** As it goes over the wire: percent-encoded. */
  readonly path: string;
  /** Without `?`, sorted and percent-encoded; empty for none. */
  readonly query: string;
  /** Names in lower case, `host` among them; values without spaces around them. */
  readonly headers: Readonly<Record<string, string>>;
}

/** SHA-256 of no bytes. */
const NO_BODY = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

let lastKey: { readonly scope: string; readonly secret: string; readonly key: Buffer } | undefined;

/**
 * The headers of a GET with its signature, version 4 for S3, at that time.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
 */
export function signGet(
  { path, query, headers }: UnsignedGet,
  { region, credentials }: SigningPlace,
  at: Date,
): Readonly<Record<string, string>> {
  const { accessKeyId, secretAccessKey, sessionToken } = credentials;
  const time = at.toISOString().replaceAll(/[-:]|\.\d+/g, '');
  const all: Readonly<Record<string, string>> = {
    ...headers,
    'x-amz-content-sha256': NO_BODY,
    'x-amz-date': time,
    ...(sessionToken === undefined ? {} : { 'x-amz-security-token': sessionToken }),
  };
  const names = Object.keys(all).sort();
  const signed = names.join(';');
  const lines = names.map((name) => `${name}:${all[name]}\n`).join('');
  const canonical = `GET\n${path}\n${query}\n${lines}\n${signed}\n${NO_BODY}`;
  const scope = `${time.slice(0, 8)}/${region}/s3/aws4_request`;
  const text = `AWS4-HMAC-SHA256\n${time}\n${scope}\n${createHash('sha256').update(canonical).digest('hex')}`;
  const signature = createHmac('sha256', keyOf(scope, secretAccessKey)).update(text).digest('hex');
  const authorization = `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope},SignedHeaders=${signed},Signature=${signature}`;
  return { ...all, authorization };
}

/** The key of a day, a region and a secret; the last one is kept, because most requests have the same. */
function keyOf(scope: string, secret: string): Buffer {
  if (lastKey?.scope === scope && lastKey.secret === secret) return lastKey.key;
  const start = Buffer.from(`AWS4${secret}`);
  const key = scope.split('/').reduce((from, part) => createHmac('sha256', from).update(part).digest(), start);
  lastKey = { scope, secret, key };
  return key;
}

/** A text as the signature and S3 want it in a path or query: everything but letters, digits and `-_.~` encoded. */
export function encodeSigned(text: string): string {
  return encodeURIComponent(text).replaceAll(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}
