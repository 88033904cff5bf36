import type { CatalogueEntry } from './entry.js';

/** Errors of objects of the lake and their rows. */
export const OBJECT_ERRORS = {
  OBJECT_MISSING: {
    retry: 'backoff',
    exit: 1,
    mend: 'The object is not in the store any more; put it back and replay, or discard it.',
  },
  OBJECT_CHANGED: {
    retry: 'never',
    exit: 1,
    mend: 'The key was overwritten since; the newer version is its own object.',
  },
  OBJECT_OVERWRITTEN: {
    retry: 'never',
    exit: 1,
    mend: 'Another version of the key has its rows already; set onOverwrite to replace or append and replay, release it as it is, or discard it.',
  },
  SCOPE_TOO_LARGE: {
    retry: 'never',
    exit: 1,
    mend: 'A replaced partition is one batch and cannot be divided: give the dataset smaller partitions, or raise batch.replaceBytes, then replay.',
  },
  SCOPE_OUTDATED: {
    retry: 'never',
    exit: 1,
    mend: 'The table holds a later partition of the dataset, or will when its batch was decided about: nothing to do where it was superseded; where it is in quarantine, decide about the later one, then replay.',
  },
  DUPLICATE_CONTENT: {
    retry: 'never',
    exit: 1,
    mend: 'The named object has the same bytes; release this one to load it all the same, or discard it.',
  },
  OBJECT_EXISTS: { retry: 'never', exit: 1, mend: 'Another writer put this key first; its bytes stand.' },
  OBJECT_EMPTY: { retry: 'never', exit: 1, mend: 'The object has zero bytes; ask its producer, or discard it.' },
  OBJECT_TRUNCATED: { retry: 'never', exit: 1, mend: 'The object ends before its format does; upload it again whole.' },
  OBJECT_CORRUPT: { retry: 'never', exit: 1, mend: 'The bytes are damaged; upload the object again.' },
  OBJECT_UNREADABLE: { retry: 'never', exit: 1, mend: 'The object cannot be read in its format; see the reason.' },
  FORMAT_UNSUPPORTED: {
    retry: 'never',
    exit: 1,
    mend: 'Deliver Parquet, CSV, NDJSON, JSON or Avro (plain, gzip or zstd); the reason says what to do.',
  },
  TYPE_CHANGED: {
    retry: 'never',
    exit: 1,
    mend: 'Mend the producer, or accept the change with `sluice schema accept`, then replay.',
  },
  COLUMN_MISMATCH: {
    retry: 'never',
    exit: 1,
    mend: 'The columns differ from the dataset schema; mend the producer, then replay.',
  },
  ROW_UNREADABLE: {
    retry: 'never',
    exit: 1,
    mend: 'A row cannot be read in its format; it was set aside with its text (`sluice quarantine list`), the others go on.',
  },
  CHECK_FAILED: {
    retry: 'never',
    exit: 1,
    mend: 'The row breaks a check that says onFail: quarantine; mend the data or the check, then replay the rows, or discard them.',
  },
  VALUE_INVALID: {
    retry: 'never',
    exit: 1,
    mend: 'A value does not fit its column; mend the named place, then replay.',
  },
} as const satisfies Record<string, CatalogueEntry>;
