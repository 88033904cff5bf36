import type { Column } from '../schema/columns.js';

/** A version of a dataset's schema, from 1. */
export interface SchemaVersion {
  readonly version: number;
  readonly columns: readonly Column[];
}

/** The same in the changelog. */
export interface SchemaEntry extends SchemaVersion {
  /** What changed, for people; who accepted it where somebody did. */
  readonly why: string;
  readonly addedAt: Date;
}
