import { createHash, createHmac } from 'node:crypto';
import { CREDENTIALS } from './s3.js';

/** A presigned URL (Signature Version 4), made here from the documentation so that it owes nothing to the code under test. */
export function presign(
  base: string,
  options: {
    readonly method: string;
    readonly path: string;
    readonly expiresS: number;
    readonly atMs?: number;
    readonly payload?: string;
  },
): string {
  const { method, path, expiresS, atMs = Date.now(), payload } = options;
  const date = new Date(atMs).toISOString().replace(/[-:]|\.\d+/g, '');
  const scope = `${date.slice(0, 8)}/us-east-1/s3/aws4_request`;
  const encode = (text: string) =>
    encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16)}`);
  const query = [
    ['X-Amz-Algorithm', 'AWS4-HMAC-SHA256'],
    ...(payload === undefined ? [] : [['X-Amz-Content-Sha256', payload]]),
    ['X-Amz-Credential', `${CREDENTIALS.accessKeyId}/${scope}`],
    ['X-Amz-Date', date],
    ['X-Amz-Expires', String(expiresS)],
    ['X-Amz-SignedHeaders', 'host'],
  ]
    .map(([name = '', value = '']) => `${name}=${encode(value)}`)
    .join('&');
  const canonical = [method, path, query, `host:${new URL(base).host}\n`, 'host', payload ?? 'UNSIGNED-PAYLOAD'].join(
    '\n',
  );
  const hash = createHash('sha256').update(canonical).digest('hex');
  const key = scope
    .split('/')
    .reduce<Buffer>(
      (key, part) => createHmac('sha256', key).update(part).digest(),
      Buffer.from(`AWS4${CREDENTIALS.secretAccessKey}`),
    );
  const signature = createHmac('sha256', key).update(['AWS4-HMAC-SHA256', date, scope, hash].join('\n')).digest('hex');
  return `${base}${path}?${query}&X-Amz-Signature=${signature}`;
}
