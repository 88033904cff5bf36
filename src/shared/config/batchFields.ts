import { z } from 'zod';
import { durationField, sizeField } from './fields.js';

/** When a batch closes. */
export const batchSchema = z.strictObject({
  targetBytes: sizeField.default(256e6).describe('A batch closes when its objects reach this size.'),
  maxFiles: z.int().min(1).max(10_000).default(2000).describe('A batch closes at this many objects.'),
  minFiles: z
    .int()
    .min(1)
    .max(10_000)
    .default(5)
    .describe('So many objects need not wait for maxWait: their batch closes once nothing more came for a second.'),
  maxWait: durationField
    .default(60_000)
    .describe(
      'A batch closes when its oldest object has waited this long; under mode replace, when nothing came for this long, or ten times this after the oldest.',
    ),
  replaceBytes: sizeField
    .default(10e9)
    .describe('mode replace: most bytes of the files of one partition, which are one batch (10,000 files at most).'),
});

/** What is compared before a batch is committed: rows of each object, or the hash of all their values too. */
export const VERIFY_LEVELS = ['rows', 'content'] as const;
export type VerifyLevel = (typeof VERIFY_LEVELS)[number];

/** Versions of Parquet whose encodings artifacts may have. */
export const PAGE_VERSIONS = ['v1', 'v2'] as const;
export type PageVersion = (typeof PAGE_VERSIONS)[number];

/** How artifacts are written. */
export const compactSchema = z.strictObject({
  prefix: z.string().optional().describe('Where artifacts are put; default curated/<dataset>/.'),
  compression: z.enum(['zstd', 'snappy']).default('zstd').describe('Codec of the artifacts.'),
  pages: z
    .enum(['auto', ...PAGE_VERSIONS])
    .default('auto')
    .describe(
      'Encodings of the artifacts: those of Parquet 2 (v2) are smaller and quicker to write and to read; every reader knows those of Parquet 1 (v1). auto: v1 where a target is Snowflake, else v2.',
    ),
  verify: z
    .enum(VERIFY_LEVELS)
    .default('content')
    .describe(
      'What is compared between the files that were read and the artifacts read back, before anything is committed: the rows of each object and the NULLs of each column (rows), or a hash of all their values (content).',
    ),
  adopt: z
    .boolean()
    .default(true)
    .describe(
      'Whether a batch of one sound Parquet file is loaded from the file as it is, without a copy among the artifacts. Only where nothing would change in it: no transform, sort, layout by skew, checks that set rows aside or widening; originals kept; all targets Postgres.',
    ),
  generations: z
    .int()
    .min(0)
    .max(10)
    .default(3)
    .describe(
      'How often at most the scheduled compact job writes a row anew when it merges small artifacts of loaded batches; 0: it merges none.',
    ),
  sort: z.array(z.string()).default([]).describe('Columns to order rows by; none keeps the order of arrival.'),
});
