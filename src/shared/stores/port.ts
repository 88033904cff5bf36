/** One object as a store shows it. */
export interface StoredObject {
  readonly key: string;
  /** Bytes. */
  readonly size: number;
  /** Without quotes. A directory store makes one from inode, size and modification time. */
  readonly eTag: string;
  readonly lastModified: Date;
  readonly versionId?: string;
}

export interface ListRequest {
  readonly prefix: string;
  /** Keys strictly after this one, in UTF-8 byte order. */
  readonly startAfter?: string;
  readonly signal?: AbortSignal;
}

export interface GetRequest {
  readonly key: string;
  /** Where to write; its folder exists. Replaced when present. */
  readonly file: string;
  /** The version wanted: by versionId where known, else If-Match on the eTag. */
  readonly eTag?: string;
  readonly versionId?: string;
  /** Bytes expected; large objects are fetched by parallel ranges. */
  readonly size?: number;
  /** Shown the bytes of a small object (in pieces, one behind the other) before they are written; stores may leave it out. */
  readonly onBytes?: (chunks: readonly Buffer[]) => void;
  readonly signal?: AbortSignal;
}

export interface PutRequest {
  readonly key: string;
  readonly file: string;
  /** Fail with OBJECT_EXISTS when the key is there already (If-None-Match: *). */
  readonly ifAbsent?: boolean;
  readonly contentType?: string;
  readonly signal?: AbortSignal;
}

/** An object that was put. */
export interface PutAnswer {
  readonly eTag: string;
  readonly bytes: number;
  /** Of the file's bytes, hex. */
  readonly sha256: string;
}

/** What becomes of an object that is not needed any more. */
export interface RetireRequest {
  readonly key: string;
  /** Another version of the key is left alone. */
  readonly eTag: string;
  /** `tag` adds to the tags it has. `move` gives its bytes another key of the same store. */
  readonly how:
    | { readonly kind: 'tag'; readonly tags: Readonly<Record<string, string>> }
    | { readonly kind: 'move'; readonly to: string }
    | { readonly kind: 'delete' };
  readonly signal?: AbortSignal;
}

/** `done`: now or by an earlier call. `changed`: the key shows another version. `absent`: there is no such key. */
export type RetireAnswer = 'done' | 'changed' | 'absent';

/**
 * An object store in eight verbs. Errors: OBJECT_MISSING (no such key), OBJECT_CHANGED (eTag differs), OBJECT_EXISTS,
 * STORE_AWAY (network, 5xx after retries), STORE_DENIED (401, 403). Two adapters, one contract suite.
 */
export interface ObjectStore {
  /** Name of the bucket, or the file:// URL of the directory, as used in an object's identity. */
  readonly bucket: string;
  /** The URI of a key, for people: s3://bucket/key or file:///dir/key. */
  uri(key: string): string;
  /** Pages of at most 1,000 objects, keys in UTF-8 byte order. */
  list(request: ListRequest): AsyncIterable<readonly StoredObject[]>;
  /** Undefined when there is no such key. */
  head(key: string, signal?: AbortSignal): Promise<StoredObject | undefined>;
  /** Writes the object's bytes to a file; resolves with what was written and its SHA-256 (hex). */
  getToFile(request: GetRequest): Promise<{ readonly bytes: number; readonly sha256: string }>;
  putFile(request: PutRequest): Promise<PutAnswer>;
  /** Deletes the keys; absent ones are no error. */
  delete(keys: readonly string[], signal?: AbortSignal): Promise<void>;
  /** Tags, moves or deletes an object if it still is that version; safe to repeat. Objects of more than 5 GiB are not moved on S3 (STORE_AWAY). */
  retire(request: RetireRequest): Promise<RetireAnswer>;
  tag(key: string, tags: Readonly<Record<string, string>>, signal?: AbortSignal): Promise<void>;
}
