import {
  DeleteObjectsCommand,
  type DeleteObjectsCommandOutput,
  HeadObjectCommand,
  ListObjectsV2Command,
  type ListObjectsV2CommandOutput,
  PutObjectTaggingCommand,
  S3Client,
  type S3ClientConfig,
} from '@aws-sdk/client-s3';
import { SluiceError } from '../errors.js';
import type { ListRequest, ObjectStore, StoredObject } from './port.js';
import { type StorePlace, readFailure, toStoreError } from './s3Errors.js';
import { fetchToFile } from './s3Get.js';
import { LeanGets } from './s3Lean.js';
import { retireObject } from './s3Retire.js';
import { type PutSource, putFromFile, unquote } from './s3Put.js';

export interface S3StoreOptions {
  readonly bucket: string;
  /** Without it the SDK's own chain: AWS_REGION, the profile; with an endpoint, us-east-1. */
  readonly region?: string | undefined;
  /** For S3-compatible stores: https://host:port. */
  readonly endpoint?: string | undefined;
  /** True by default when there is an endpoint. */
  readonly forcePathStyle?: boolean | undefined;
  /** Without them the SDK's own chain: environment, profile, web identity, instance role. */
  readonly credentials?: StoreCredentials | undefined;
  readonly serverSideEncryption?: 'AES256' | 'aws:kms' | 'aws:kms:dsse' | undefined;
  readonly kmsKeyId?: string | undefined;
  /** Tries of one request, the first included. */
  readonly maxAttempts?: number | undefined;
}

export interface StoreCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
}

const DELETE_GROUP = 1000;
const CONNECT_MS = 5_000;
const SILENCE_MS = 60_000;

/** Opens a bucket. Nothing is asked of it yet: a bucket that is not there is found by the first call. */
export function openS3Store(options: S3StoreOptions): ObjectStore {
  return new S3Store(options);
}

class S3Store implements ObjectStore {
  readonly bucket: string;
  readonly #client: S3Client;
  readonly #lean: LeanGets;
  readonly #extra: PutSource['extra'];

  constructor(options: S3StoreOptions) {
    const { bucket, serverSideEncryption, kmsKeyId } = options;
    this.bucket = bucket;
    this.#client = new S3Client(clientConfig(options));
    this.#lean = new LeanGets(this.#client);
    this.#extra = {
      ...(serverSideEncryption === undefined ? {} : { ServerSideEncryption: serverSideEncryption }),
      ...(kmsKeyId === undefined ? {} : { SSEKMSKeyId: kmsKeyId }),
    };
  }

  uri(key: string): string {
    return `s3://${this.bucket}/${key}`;
  }

  async *list({ prefix, startAfter, signal }: ListRequest): AsyncGenerator<readonly StoredObject[]> {
    let token: string | undefined;
    do {
      const command = new ListObjectsV2Command({
        Bucket: this.bucket,
        Prefix: prefix,
        // Without it keys with control characters come as XML that no parser accepts.
        EncodingType: 'url',
        ...(token === undefined ? {} : { ContinuationToken: token }),
        ...(startAfter === undefined || token !== undefined ? {} : { StartAfter: startAfter }),
      });
      const page = await this.#guard({ verb: 'list', signal }, () => this.#client.send(command, abortBy(signal)));
      const objects = readPage(page);
      if (objects.length > 0) yield objects;
      token = page.IsTruncated === true ? page.NextContinuationToken : undefined;
    } while (token !== undefined);
  }

  async head(key: string, signal?: AbortSignal): Promise<StoredObject | undefined> {
    return this.#guard({ verb: 'head', key, signal }, async () => {
      const command = new HeadObjectCommand({ Bucket: this.bucket, Key: key });
      const found = await this.#client.send(command, abortBy(signal)).catch((error: unknown) => {
        if (readFailure(error).status === 404) return undefined;
        throw error;
      });
      if (found === undefined) return undefined;
      const { ContentLength, ETag, LastModified, VersionId } = found;
      return toStored({ Key: key, Size: ContentLength, ETag, LastModified, VersionId });
    });
  }

  getToFile(request: Parameters<ObjectStore['getToFile']>[0]) {
    const { key, signal } = request;
    return this.#guard({ verb: 'get', key, signal }, () =>
      fetchToFile({ client: this.#client, lean: this.#lean, bucket: this.bucket, request }),
    );
  }

  putFile(request: Parameters<ObjectStore['putFile']>[0]) {
    const { key, signal } = request;
    return this.#guard({ verb: 'put', key, signal }, () =>
      putFromFile({ client: this.#client, bucket: this.bucket, request, extra: this.#extra }),
    );
  }

  async delete(keys: readonly string[], signal?: AbortSignal): Promise<void> {
    for (let at = 0; at < keys.length; at += DELETE_GROUP) {
      const objects = keys.slice(at, at + DELETE_GROUP).map((Key) => ({ Key }));
      const command = new DeleteObjectsCommand({ Bucket: this.bucket, Delete: { Objects: objects, Quiet: true } });
      const answer = await this.#guard({ verb: 'delete', signal }, () => this.#client.send(command, abortBy(signal)));
      requireDeleted(answer, this.bucket);
    }
  }

  retire(request: Parameters<ObjectStore['retire']>[0]) {
    const { key, signal, how } = request;
    return this.#guard({ verb: how.kind, key, signal }, () =>
      retireObject({ client: this.#client, bucket: this.bucket, request, extra: this.#extra }),
    );
  }

  async tag(key: string, tags: Readonly<Record<string, string>>, signal?: AbortSignal): Promise<void> {
    const set = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
    const command = new PutObjectTaggingCommand({ Bucket: this.bucket, Key: key, Tagging: { TagSet: set } });
    await this.#guard({ verb: 'tag', key, signal }, () => this.#client.send(command, abortBy(signal)));
  }

  async #guard<T>(place: Omit<StorePlace, 'bucket'>, perform: () => Promise<T>): Promise<T> {
    try {
      place.signal?.throwIfAborted();
      return await perform();
    } catch (error) {
      throw toStoreError(error, { ...place, bucket: this.bucket });
    }
  }
}

function clientConfig(options: S3StoreOptions): S3ClientConfig {
  const { endpoint, credentials, maxAttempts = 5 } = options;
  const region = options.region ?? (endpoint === undefined ? undefined : 'us-east-1');
  // Bodies are signed with their SHA-256 in any case; the SDK's own checksum headers are refused by older compatible stores.
  const checksums = endpoint === undefined ? 'WHEN_SUPPORTED' : 'WHEN_REQUIRED';
  return {
    ...(region === undefined ? {} : { region }),
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(credentials === undefined ? {} : { credentials: withoutUndefined(credentials) }),
    forcePathStyle: options.forcePathStyle ?? endpoint !== undefined,
    maxAttempts,
    requestChecksumCalculation: checksums,
    responseChecksumValidation: checksums,
    requestHandler: { connectionTimeout: CONNECT_MS, socketTimeout: SILENCE_MS },
  };
}

function withoutUndefined({ accessKeyId, secretAccessKey, sessionToken }: StoreCredentials) {
  return { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) };
}

function abortBy(signal: AbortSignal | undefined): { abortSignal?: AbortSignal } {
  return signal === undefined ? {} : { abortSignal: signal };
}

function readPage(page: ListObjectsV2CommandOutput): StoredObject[] {
  const decode = page.EncodingType === 'url' ? decodeKey : (key: string | undefined) => key;
  return (page.Contents ?? []).map((item) => toStored({ ...item, Key: decode(item.Key) }));
}

/** As S3 encodes keys: a space is a plus, a plus is %2B. */
function decodeKey(key: string | undefined): string | undefined {
  return key === undefined ? undefined : decodeURIComponent(key.replaceAll('+', ' '));
}

function toStored(found: {
  readonly Key?: string | undefined;
  readonly Size?: number | undefined;
  readonly ETag?: string | undefined;
  readonly LastModified?: Date | undefined;
  readonly VersionId?: string | undefined;
}): StoredObject {
  const { Key, Size, ETag, LastModified, VersionId } = found;
  if (Key === undefined || Size === undefined || LastModified === undefined)
    throw new SluiceError('STORE_AWAY', 'expected key, size and date of an object from the store, got less');
  const object = { key: Key, size: Size, eTag: unquote(ETag), lastModified: LastModified };
  return VersionId === undefined ? object : { ...object, versionId: VersionId };
}

function requireDeleted(answer: DeleteObjectsCommandOutput, bucket: string): void {
  const failed = answer.Errors?.find((error) => error.Code !== 'NoSuchKey');
  if (failed === undefined) return;
  const code = failed.Code === 'AccessDenied' ? 'STORE_DENIED' : 'STORE_AWAY';
  const message = `expected to delete ${bucket}/${failed.Key}, got ${failed.Code}: ${failed.Message}`;
  throw new SluiceError(code, message, { facts: { bucket, key: failed.Key } });
}
