import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import { type EmbeddedS3, type StartS3Options, startS3 } from '../../src/embedded/s3/server.js';

export const CREDENTIALS = { accessKeyId: 'sluice', secretAccessKey: 'sluice-secret' };

/** An embedded S3 with one empty bucket, in a folder that goes when it is closed. */
export interface TestS3 {
  readonly server: EmbeddedS3;
  readonly bucket: string;
  readonly dir: string;
  readonly client: S3Client;
  close(): Promise<void>;
}

export async function openTestS3(options: Partial<StartS3Options> = {}): Promise<TestS3> {
  const dir = await mkdtemp(join(tmpdir(), 'sluice-s3-'));
  const bucket = `b-${randomBytes(6).toString('hex')}`;
  const server = await startS3({ dir, credentials: CREDENTIALS, buckets: [bucket], ...options });
  const client = openClient(server);
  return {
    server,
    bucket,
    dir,
    client,
    close: async () => {
      client.destroy();
      await server.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** A client of the SDK that tries each request once. */
export function openClient(server: EmbeddedS3, options: S3ClientConfig = {}): S3Client {
  const { url, region } = server;
  return new S3Client({
    endpoint: url,
    region,
    forcePathStyle: true,
    credentials: CREDENTIALS,
    maxAttempts: 1,
    ...options,
  });
}
