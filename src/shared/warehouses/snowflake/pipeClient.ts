import { createHash, createPublicKey, createSign, randomUUID } from 'node:crypto';
import { z } from 'zod';
import { SluiceError } from '../../errors.js';
import type { ConnectOptions, SnowflakeAuth } from './client.js';
import type { TableName } from './identifiers.js';
import { quoteTable } from './identifiers.js';

/** A file as a pipe reports it. */
export interface PipedFile {
  readonly path: string;
  readonly status: string;
  readonly rows: number;
}

const insertedSchema = z.object({ responseCode: z.string().optional(), message: z.string().optional() });
const reportSchema = z.object({
  files: z.array(z.object({ path: z.string(), status: z.string(), rowsInserted: z.number().default(0) })).default([]),
});

/** The REST interface of pipes. https://docs.snowflake.com/en/user-guide/data-load-snowpipe-rest-apis */
export interface PipeClient {
  /** Names files to a pipe, at most 5,000; a pipe passes over files it loaded in the last 14 days. */
  insertFiles(pipe: TableName, files: readonly { readonly path: string; readonly size: number }[]): Promise<void>;
  /** What the pipe did in the last ten minutes. */
  insertReport(pipe: TableName): Promise<readonly PipedFile[]>;
}

/** Opens the interface: each call within `callMs`. Errors of calls: TARGET_AWAY, TARGET_DENIED. */
export function openPipeClient(connect: Omit<ConnectOptions, 'connectMs'>, callMs: number): PipeClient {
  const base = connect.accessUrl ?? `https://${connect.account}.snowflakecomputing.com`;
  const call = async (pipe: TableName, verb: string, body?: unknown): Promise<unknown> => {
    const place = `${base}/v1/data/pipes/${encodeURIComponent(quoteTable(pipe))}/${verb}?requestId=${randomUUID()}`;
    const answer = await fetch(place, {
      method: body === undefined ? 'GET' : 'POST',
      headers: {
        authorization: `Bearer ${bearerToken(connect, connect.auth())}`,
        'content-type': 'application/json',
        accept: 'application/json',
      },
      signal: AbortSignal.timeout(callMs),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    }).catch((error: unknown) => {
      throw new SluiceError('TARGET_AWAY', `expected the pipe's ${verb} to answer in ${callMs} ms, got none`, {
        cause: error,
      });
    });
    if (answer.ok) return await answer.json();
    const code = answer.status === 401 || answer.status === 403 ? 'TARGET_DENIED' : 'TARGET_AWAY';
    throw new SluiceError(code, `expected the pipe's ${verb} to be taken, got HTTP ${answer.status}`, {
      facts: { pipe: quoteTable(pipe), status: answer.status },
    });
  };
  return {
    insertFiles: async (pipe, files) => void insertedSchema.parse(await call(pipe, 'insertFiles', { files })),
    insertReport: async (pipe) =>
      reportSchema
        .parse(await call(pipe, 'insertReport'))
        .files.map(({ path, status, rowsInserted }) => ({ path, status, rows: rowsInserted })),
  };
}

/** A token of an hour, signed by the user's key, as Snowflake wants it. */
function bearerToken({ account, user }: Pick<ConnectOptions, 'account' | 'user'>, auth: SnowflakeAuth): string {
  if (auth.kind === 'oauth') return auth.token;
  if (auth.kind === 'oauthClient') {
    throw new SluiceError(
      'CONFIG_INVALID',
      'expected a private key or oauth.tokenFile for via: snowpipe, got oauth.clientId',
    );
  }
  const der = createPublicKey(auth.privateKey).export({ type: 'spki', format: 'der' });
  const subject = `${account}.${user}`.toUpperCase();
  const now = Math.floor(Date.now() / 1000);
  const issuer = `${subject}.SHA256:${createHash('sha256').update(der).digest('base64')}`;
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const text = `${part({ alg: 'RS256', typ: 'JWT' })}.${part({ iss: issuer, sub: subject, iat: now, exp: now + 3_600 })}`;
  return `${text}.${createSign('RSA-SHA256').update(text).sign(auth.privateKey, 'base64url')}`;
}
