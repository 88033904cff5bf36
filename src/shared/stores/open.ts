import { fileURLToPath } from 'node:url';
import { SluiceError } from '../errors.js';
import { type DirectoryStoreOptions, openDirectoryStore } from './directory.js';
import type { ObjectStore } from './port.js';
import { type S3StoreOptions, openS3Store } from './s3.js';

/** What the URL does not say. Those of the other scheme are not looked at. */
export type OpenStoreOptions = Omit<S3StoreOptions, 'bucket'> & Omit<DirectoryStoreOptions, 'root'>;

/**
 * Opens the store of `s3://bucket`, `s3://bucket/prefix` or `file:///directory`. The prefix is what follows the bucket,
 * as it stands (keys are never percent-decoded); of a directory it is empty. CONFIG_INVALID for any other URL.
 */
export function openStore(
  url: string,
  options: OpenStoreOptions = {},
): { readonly store: ObjectStore; readonly prefix: string } {
  const s3 = /^s3:\/\/([^/]+)(?:\/(.*))?$/s.exec(url);
  const bucket = s3?.[1];
  if (bucket !== undefined) return { store: openS3Store({ ...options, bucket }), prefix: s3?.[2] ?? '' };
  if (url.startsWith('file://')) return { store: openDirectoryStore({ ...options, root: toPath(url) }), prefix: '' };
  throw new SluiceError(
    'CONFIG_INVALID',
    `expected s3://bucket or file:///directory as a store, got ${JSON.stringify(url)}`,
  );
}

function toPath(url: string): string {
  try {
    return fileURLToPath(url);
  } catch (error) {
    const message = `expected file:///directory with an absolute path, got ${JSON.stringify(url)}`;
    throw new SluiceError('CONFIG_INVALID', message, { cause: error });
  }
}
