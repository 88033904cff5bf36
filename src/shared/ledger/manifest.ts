import { createHash } from 'node:crypto';
import type { BatchId, ObjectId } from '../ids.js';
import type { KeyValue } from '../findings/skew.js';
import type { Column } from '../schema/columns.js';
import type { ErrorCode } from '../errors.js';

/** One Parquet file that a compact attempt put into the lake. */
export interface Artifact {
  readonly key: string;
  readonly eTag: string;
  readonly bytes: number;
  readonly rows: number;
  /** Hex. */
  readonly sha256: string;
  /**
   * The file is an original that was left as it is, of this object and in this bucket: its rows get their provenance where they are read.
   * It is never moved or deleted.
   */
  readonly adopted?: { readonly object: ObjectId; readonly bucket: string; readonly versionId?: string };
}

/** What became of one object of the batch. */
export type ManifestObject =
  | {
      readonly object: ObjectId;
      readonly kind: 'included';
      /** All that it had. */
      readonly rows: number;
      /** Of these, rows that were set aside; absent: none. */
      readonly quarantined?: number;
      /** Of these, rows that the transform's WHERE left out; absent: none. */
      readonly filtered?: number;
      readonly sha256: string;
      /** Older versions of its key whose place it takes: the load removes their rows. */
      readonly replaces?: readonly ObjectId[];
    }
  /** `ignored`: a rule of the dataset passes it over. `superseded`: a newer version of its key was settled before it. */
  | {
      readonly object: ObjectId;
      readonly kind: 'quarantined' | 'ignored' | 'superseded';
      readonly code: ErrorCode;
      readonly reason: string;
      readonly sha256?: string;
    }
  /** A transient fault (404 right after an event, 503): the object leaves the batch and goes back to arrived. */
  | { readonly object: ObjectId; readonly kind: 'released'; readonly code: ErrorCode; readonly reason: string };

/** How the rows of a batch were laid out by a skewed key, where the dataset asks for it. */
export interface ManifestLayout {
  readonly action: 'isolate' | 'salt' | 'bucket';
  /** The column. */
  readonly key: string;
  /** Keys that were isolated or salted, most rows first. */
  readonly hotKeys: readonly {
    readonly key: KeyValue;
    readonly rows: number;
    /** Isolate: the places in `artifacts` of those that hold this key and no other. */
    readonly artifacts?: readonly number[];
    /** Salt: `_salt` runs from 0 to salts - 1. */
    readonly salts?: number;
  }[];
  /** Salt: a Parquet file of the hot keys and their salts. */
  readonly hotList?: Artifact;
}

/** What compact committed for a batch. Later steps read this and nothing else. */
export interface Manifest {
  readonly version: 1;
  readonly batch: BatchId;
  readonly attempt: number;
  readonly dataset: string;
  readonly partition: string;
  readonly schemaVersion: number;
  readonly configHash: string;
  /** The artifacts' columns, without provenance. */
  readonly columns: readonly Column[];
  readonly artifacts: readonly Artifact[];
  readonly layout?: ManifestLayout;
  /** The sum (hex) of a hash of each row's values, as read and as read back; which DuckDB hashed. Absent where only rows were compared. */
  readonly content?: { readonly hash: string; readonly engine: string };
  readonly objects: readonly ManifestObject[];
  /** Rows that were set aside: Parquet files with their object, line, code, reason and text, and how many are of which object. */
  readonly aside?: readonly {
    readonly artifact: Artifact;
    readonly objects: readonly {
      readonly object: ObjectId;
      readonly rows: number;
      /** Of the first of them. */
      readonly code: ErrorCode;
      readonly reason: string;
    }[];
  }[];
  readonly rows: { readonly in: number; readonly out: number };
  readonly bytes: { readonly in: number; readonly out: number };
}

/** SHA-256 (hex) over the manifest's canonical JSON: keys sorted at every depth. */
export function manifestHash(manifest: Manifest): string {
  return createHash('sha256').update(canonicalJson(manifest)).digest('hex');
}

/** JSON with sorted keys, for hashing. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    inner !== null && typeof inner === 'object' && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
