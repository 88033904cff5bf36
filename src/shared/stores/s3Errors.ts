import { S3ServiceException } from '@aws-sdk/client-s3';
import { type ErrorCode, SluiceError } from '../errors.js';
import { errnoOf, toScratchError } from './files.js';

/** What was being done when a store failed. */
export interface StorePlace {
  readonly verb: 'list' | 'head' | 'get' | 'put' | 'delete' | 'tag' | 'move';
  readonly bucket: string;
  readonly key?: string;
  readonly signal?: AbortSignal | undefined;
}

const DENIED_NAMES: ReadonlySet<string> = new Set([
  'AccessDenied',
  'AllAccessDisabled',
  'CredentialsProviderError',
  'ExpiredToken',
  'InvalidAccessKeyId',
  'InvalidToken',
  'SignatureDoesNotMatch',
  'TokenRefreshRequired',
]);
const MISSING_NAMES: ReadonlySet<string> = new Set(['NoSuchKey', 'NoSuchVersion', 'NotFound']);

/** What a failure of the SDK says: status 0 where no answer came. */
export function readFailure(error: unknown): { readonly name: string; readonly status: number } {
  const name = error instanceof Error ? error.name : 'Error';
  return { name, status: error instanceof S3ServiceException ? (error.$metadata.httpStatusCode ?? 0) : 0 };
}

/**
 * A failure of the SDK as an error of the store. An aborted call is answered with its signal's own reason. STORE_AWAY is
 * what remains: no connection, 5xx after retries, a bucket that is not there or lies in another region.
 */
export function toStoreError(error: unknown, place: StorePlace): unknown {
  if (error instanceof SluiceError) return error;
  if (place.signal?.aborted === true) return place.signal.reason;
  // A local file that cannot be read or written says nothing of the store.
  if (error instanceof Error && 'path' in error && errnoOf(error) !== undefined) return toScratchError(error);
  const { name, status } = readFailure(error);
  const said = error instanceof Error && error.message !== '' ? `${name}: ${error.message}` : name;
  const where = place.key === undefined ? place.bucket : `${place.bucket}/${place.key}`;
  const { code, expected } = classify({ name, status, verb: place.verb });
  return new SluiceError(code, `expected ${expected} on ${place.verb} of ${where}, got ${said}`, {
    cause: error,
    facts: { bucket: place.bucket, key: place.key, ...(status === 0 ? {} : { status }) },
  });
}

function classify(failure: { name: string; status: number; verb: string }): { code: ErrorCode; expected: string } {
  const { name, status, verb } = failure;
  if (status === 401 || status === 403 || DENIED_NAMES.has(name)) return { code: 'STORE_DENIED', expected: 'access' };
  if (status === 412 && verb === 'put') return { code: 'OBJECT_EXISTS', expected: 'no such key' };
  if (status === 412) return { code: 'OBJECT_CHANGED', expected: 'the same version' };
  if (MISSING_NAMES.has(name)) return { code: 'OBJECT_MISSING', expected: 'the object' };
  return { code: 'STORE_AWAY', expected: 'an answer' };
}
