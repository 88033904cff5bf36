import { z } from 'zod';
import { SENSITIVITIES } from '../findings/anomaly.js';
import { batchSchema, compactSchema } from './batchFields.js';
import { columnCheckSchema, tableCheckSchema } from './checks.js';
import { durationField, urlField } from './fields.js';
import { loadSchema } from './loadFields.js';

export { PAGE_VERSIONS, type PageVersion, VERIFY_LEVELS, type VerifyLevel } from './batchFields.js';

/** How a dataset's files are written. `auto`: by the name of each file. */
export const FILE_FORMATS = ['auto', 'parquet', 'csv', 'ndjson', 'json', 'avro'] as const;
export type FileFormat = (typeof FILE_FORMATS)[number];

/** How text files are encoded. `auto`: UTF-8, or UTF-16 where a mark at their beginning says so. */
export const TEXT_ENCODINGS = ['auto', 'utf-8', 'utf-16le', 'utf-16be', 'latin-1', 'windows-1252'] as const;
export type TextEncoding = (typeof TEXT_ENCODINGS)[number];

/** What becomes of a newer version of a key whose older one has rows. */
export const OVERWRITE_RULES = ['quarantine', 'append', 'replace'] as const;
export type OverwriteRule = (typeof OVERWRITE_RULES)[number];

/** What becomes of an object with the same bytes as one under another name. */
export const DUPLICATE_RULES = ['quarantine', 'ignore', 'load'] as const;
export type DuplicateRule = (typeof DUPLICATE_RULES)[number];

/** What is set aside for a row of text that cannot be read or does not fit: its whole object, or the row alone. */
export const BAD_ROW_RULES = ['object', 'row'] as const;
export type BadRowRule = (typeof BAD_ROW_RULES)[number];

const sourceSchema = z
  .strictObject({
    prefix: z.string().optional().describe('Keys of the lake that begin with this are the dataset’s.'),
    url: urlField('s3', 'file').optional().describe('Another bucket or folder instead of a prefix of the lake.'),
    match: z
      .union([z.string(), z.array(z.string())])
      .default('**')
      .describe('Glob over the key after the prefix. Names that begin with . or _ never match.'),
    format: z.enum(FILE_FORMATS).default('auto').describe('How the files are written; auto goes by each name.'),
    encoding: z
      .enum(TEXT_ENCODINGS)
      .default('auto')
      .describe('Encoding of CSV and JSON files; auto is UTF-8, or UTF-16 where a byte order mark says so.'),
  })
  .refine((source) => (source.prefix === undefined) !== (source.url === undefined), {
    message: 'expected either prefix or url',
  });

/** `none`, `hive`, or a template with at least one `{name}`. */
const PARTITION = /^(?:none|hive|(?:[^{}]*\{[A-Za-z_][A-Za-z0-9_]*\})+[^{}]*)$/;

/** One dataset as written in the file. */
export const datasetSchema = z.strictObject({
  source: sourceSchema,
  partition: z
    .string()
    .regex(PARTITION, 'expected none, hive, or a template with names in braces such as {year}/{month}/{day}')
    .default('none')
    .describe(
      'hive (name=value folders, kept as columns), none, or a template such as {year}/{month}/{day} over the key’s folders.',
    ),
  batch: batchSchema.prefault({}),
  compact: compactSchema.prefault({}),
  transform: z
    .string()
    .min(1)
    .optional()
    .describe(
      'One SELECT over `input` (the rows of the files): expressions and WHERE, with functions that depend on their arguments alone. Sorting, checks and loads see what it gives.',
    ),
  schema: z
    .strictObject({
      evolution: z
        .enum(['strict', 'widen'])
        .default('widen')
        .describe('Whether safe widenings of types and new columns are taken.'),
      onBreak: z
        .enum(['quarantine'])
        .default('quarantine')
        .describe('What happens to an object that breaks the schema.'),
    })
    .prefault({}),
  onOverwrite: z
    .enum(OVERWRITE_RULES)
    .optional()
    .describe(
      'What becomes of a newer version of a key whose older one has rows: set aside (default); loaded beside it; or loaded in its place, its rows removed in the same transaction. Under mode replace always the last.',
    ),
  onBadRow: z
    .enum(BAD_ROW_RULES)
    .default('object')
    .describe(
      'What is set aside for a row that cannot be read or does not fit its columns: the object, or the row alone with its text, line (of JSON arrays, Parquet and Avro the number of the row) and reason (at most 10,000 rows and half of an object, else all of it).',
    ),
  onDuplicateContent: z
    .enum(DUPLICATE_RULES)
    .optional()
    .describe(
      'What becomes of an object with the same bytes as one under another name: set aside (default), passed over, or loaded. Under mode replace always loaded.',
    ),
  originals: z
    .strictObject({
      after: z
        .enum(['keep', 'tag', 'move', 'delete'])
        .default('keep')
        .describe(
          'What becomes of a file when its batch is loaded and its audit balances: kept; tagged sluice=loaded; moved to _originals/ of its store; or deleted. Moved and deleted ones cannot be replayed.',
        ),
      grace: durationField.default(7 * 86_400_000).describe('How long after the load.'),
    })
    .prefault({}),
  columns: z
    .record(z.string(), z.strictObject({ checks: z.array(columnCheckSchema).default([]) }))
    .default({})
    .describe('Checks by column.'),
  checks: z.array(tableCheckSchema).default([]).describe('Checks over the whole batch.'),
  anomalies: z
    .strictObject({
      sensitivity: z
        .enum(SENSITIVITIES)
        .default('normal')
        .describe(
          'How easily row count, bytes, share of NULLs, distinct values, means, freshness and arrivals are called unusual against the last 30 accepted batches (days, for the last two).',
        ),
    })
    .prefault({}),
  skew: z
    .strictObject({
      keys: z
        .array(z.string())
        .default([])
        .describe(
          'Columns to watch; none: those that look like keys are chosen. The first that calls for the action decides the layout.',
        ),
      threshold: z
        .number()
        .positive()
        .default(10)
        .describe('Skewed when the largest key has this many times the mean rows.'),
      action: z
        .enum(['advise', 'isolate', 'salt', 'bucket'])
        .default('advise')
        .describe(
          'advise: findings only. isolate: hot keys in artifacts of their own. salt: artifacts with a _salt column, and a list of hot keys beside them. bucket: artifacts of equal size, rows of one key together.',
        ),
      buckets: z
        .int()
        .min(2)
        .max(512)
        .default(16)
        .describe('Artifacts of one batch: exactly so many under bucket, at least under salt, about under isolate.'),
    })
    .prefault({}),
  load: z.array(loadSchema).default([]).describe('Targets to load; none: compacted and judged only.'),
});

export type DatasetFile = z.infer<typeof datasetSchema>;
