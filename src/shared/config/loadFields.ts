import { z } from 'zod';
import { REPLACE_SCOPES } from '../ledger/replaceRecords.js';
import { PARTITION_SPANS, WRITE_MODES } from '../warehouses/port.js';
import { durationField, nameField } from './fields.js';

const columnList = z.array(z.string().min(1)).min(1);

const indexField = z.union([
  z.string().min(1),
  z.strictObject({
    columns: columnList,
    include: columnList
      .optional()
      .describe('Columns that the index carries besides, so that queries need not look into the table.'),
    where: z.string().min(1).optional().describe('SQL condition of a partial index.'),
  }),
]);

/** One load of a dataset as written in the file. */
export const loadSchema = z.strictObject({
  target: nameField.describe('A name under targets.'),
  table: z.string().min(1).describe('table, or schema.table.'),
  mode: z
    .enum(WRITE_MODES)
    .default('append')
    .describe(
      'How rows are written: added; one row a key, where the newer row stands; or in the place of all that the scope had: the rows of the files that are there now.',
    ),
  scope: z
    .enum(REPLACE_SCOPES)
    .optional()
    .describe(
      'replace: partition (default): of each partition of the dataset the table has the files that are there now; table: each partition is a full export, and the table has the last one by name.',
    ),
  key: columnList.optional().describe('upsert: columns that tell rows apart.'),
  orderBy: columnList
    .optional()
    .describe('upsert: columns by which a row is newer; left out, the row of the later batch stands.'),
  partitionBy: z
    .strictObject({
      column: z.string().min(1).describe('A column of dates or times.'),
      every: z.enum(PARTITION_SPANS),
    })
    .optional()
    .describe('Postgres only: a new table is RANGE partitioned; partitions are made ahead and as rows need them.'),
  indexes: z
    .array(indexField)
    .min(1)
    .optional()
    .describe('Postgres only: indexes besides the key’s, built after the first load.'),
  refresh: z
    .array(z.string().min(1))
    .min(1)
    .optional()
    .describe(
      'Postgres only: materialized views to refresh after each load, CONCURRENTLY where they have a unique index.',
    ),
  retain: durationField
    .optional()
    .describe(
      'Postgres only: partitions older than this are dropped by the retention job, once every other table of the dataset has all their objects.',
    ),
  via: z
    .enum(['copy', 'snowpipe'])
    .optional()
    .describe('Snowflake only: COPY on the target’s warehouse (default), or a pipe on Snowflake’s own compute.'),
  clusterBy: z
    .array(z.string())
    .min(1)
    .optional()
    .describe('Snowflake only: columns that a new table is clustered by.'),
});
