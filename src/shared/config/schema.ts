import { z } from 'zod';
import { MAINTENANCE } from '../jobs/catalogue.js';
import { alertsSchema } from './alerts.js';
import { consoleSchema } from './consoleFields.js';
import { datasetSchema } from './dataset.js';
import { cronField, durationField, nameField, portField, sizeField, timezoneField, urlField } from './fields.js';
import { intakeSchema } from './intake.js';
import { lineageSchema } from './lineage.js';
import { snowflakeTarget } from './snowflakeTarget.js';

const lakeSchema = z
  .strictObject({
    url: urlField('s3', 'file').describe('s3://bucket or file:///folder.'),
    region: z.string().default('us-east-1'),
    endpoint: urlField('http', 'https').optional().describe('For S3-compatible stores.'),
    forcePathStyle: z.boolean().optional().describe('Default true where an endpoint is given.'),
    accessKeyId: z.string().optional().describe('Default: the AWS credential chain.'),
    secretAccessKey: z.string().optional(),
    serverSideEncryption: z
      .enum(['AES256', 'aws:kms', 'aws:kms:dsse'])
      .optional()
      .describe('Asked for with every object that Sluice writes; left out: what the bucket does by default.'),
    kmsKeyId: z
      .string()
      .min(1)
      .optional()
      .describe(
        'The key for aws:kms; workers need kms:GenerateDataKey and kms:Decrypt on it. Left out: the account’s own for S3.',
      ),
  })
  .refine(
    ({ kmsKeyId, serverSideEncryption = '' }) => kmsKeyId === undefined || serverSideEncryption.startsWith('aws:kms'),
    {
      path: ['kmsKeyId'],
      message: 'expected serverSideEncryption: aws:kms or aws:kms:dsse with a key',
    },
  );

const postgresTarget = z.strictObject({
  type: z.literal('postgres'),
  url: urlField('postgres', 'postgresql').optional().describe('Left out: a database of the embedded Postgres.'),
  schema: z.string().default('public').describe('Schema of tables that name none.'),
  rewriteLimit: sizeField
    .default(10e9)
    .describe(
      'The largest table that a wider type may write anew, during which nobody can read it; beyond, the load is refused.',
    ),
});

const scheduleSchema = z
  .strictObject({
    job: z.enum(MAINTENANCE),
    dataset: nameField.optional().describe('Left out: every dataset.'),
    every: durationField.refine((ms) => ms >= 1000, 'expected at least 1s').optional(),
    cron: cronField.optional(),
    timezone: timezoneField.optional().describe('IANA name; for cron. Default UTC.'),
  })
  .refine((schedule) => (schedule.every === undefined) !== (schedule.cron === undefined), {
    message: 'expected either every or cron',
  });

const workerSchema = z.strictObject({
  host: z.string().default('127.0.0.1').describe('Address of probes and metrics.'),
  port: portField.default(9090),
  concurrency: z.int().min(1).max(64).default(2).describe('Jobs at once in one worker process.'),
  memoryLimit: sizeField
    .optional()
    .describe(
      'Memory of one engine; default 60 % of the container’s over `concurrency`, 512MB where nothing limits it.',
    ),
  threads: z
    .int()
    .min(1)
    .max(128)
    .optional()
    .describe(
      'Threads of one engine; default the container’s processors over `concurrency`, 2 where nothing limits it.',
    ),
  emfEvery: durationField
    .refine((ms) => ms >= 1000, 'expected at least 1s')
    .optional()
    .describe('Writes metrics to standard error in CloudWatch’s Embedded Metric Format this often; left out: never.'),
  stopWithin: durationField
    .default(10_000)
    .describe('Once a worker is told to stop, its steps may go on this long; then they are handed back.'),
  scratch: z
    .string()
    .optional()
    .describe('Folder for files in work; default a folder under the system’s temporary one.'),
});

const scaleSchema = z.strictObject({
  drain: durationField
    .refine((ms) => ms >= 1000, 'expected at least 1s')
    .default(120_000)
    .describe('The backlog shall be done in this time.'),
  oldest: durationField
    .refine((ms) => ms >= 1000, 'expected at least 1s')
    .default(600_000)
    .describe('When the oldest job waits longer, the signal asks for one worker more.'),
});

/** The whole file. Unknown keys are faults. */
export const configSchema = z.strictObject({
  version: z.literal(1),
  lake: lakeSchema.optional().describe('Where files land. Left out: an embedded S3 bucket named lake.'),
  redis: z.strictObject({ url: urlField('redis', 'rediss').optional() }).prefault({}),
  ledger: z.strictObject({ url: urlField('postgres', 'postgresql').optional() }).prefault({}),
  targets: z.record(nameField, z.discriminatedUnion('type', [postgresTarget, snowflakeTarget])).default({}),
  intake: intakeSchema.prefault({}),
  worker: workerSchema.prefault({}),
  console: consoleSchema.prefault({}),
  alerts: alertsSchema.describe('Who is told when something goes wrong.'),
  monitoring: z
    .strictObject({ host: z.string().default('127.0.0.1'), port: portField.optional() })
    .prefault({})
    .describe(
      'Where the console serves /metrics and /v1/scale once more, without sign-in: counts alone. No port: nowhere.',
    ),
  scale: scaleSchema.prefault({}).describe('What /v1/scale holds to.'),
  lineage: lineageSchema
    .optional()
    .describe('Events of OpenLineage 2-0-2 about every step of every batch. They never fail or slow the work.'),
  datasets: z
    .record(nameField, datasetSchema)
    .refine((datasets) => Object.keys(datasets).length > 0, { message: 'expected at least one dataset' }),
  schedules: z
    .array(scheduleSchema)
    .default([])
    .describe(
      'A dataset in a folder (file://), which announces nothing, is swept every minute where no sweep of it stands here.',
    ),
});

export type ConfigFile = z.infer<typeof configSchema>;
