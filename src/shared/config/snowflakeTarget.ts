import { z } from 'zod';
import { urlField } from './fields.js';

const oauthSchema = z.union([
  z.strictObject({ tokenFile: z.string().describe('File that holds an access token; read at each login.') }),
  z.strictObject({
    clientId: z.string(),
    clientSecret: z.string(),
    tokenUrl: urlField('https').describe('Where the identity provider gives tokens.'),
    scope: z.string().optional(),
  }),
]);

/** A target of type snowflake as written in the file. */
export const snowflakeTarget = z
  .strictObject({
    type: z.literal('snowflake'),
    account: z.string().min(1).describe('Account identifier: organization-account.'),
    user: z.string().min(1),
    privateKeyFile: z.string().optional().describe('Private key of the user (PEM, PKCS#8).'),
    privateKeyPassphrase: z.string().optional().describe('Of an encrypted private key.'),
    oauth: oauthSchema.optional().describe('Instead of a private key.'),
    role: z.string().optional().describe('Default: the user’s own.'),
    warehouse: z.string().optional().describe('Compute that loads; default: the user’s own.'),
    database: z.string().min(1),
    schema: z.string().default('PUBLIC').describe('Schema of tables that name none.'),
    stage: z
      .strictObject({ integration: z.string().min(1).describe('Storage integration over the lake’s bucket.') })
      .optional()
      .describe('Left out: artifacts are put into a stage of Snowflake’s own.'),
    errorIntegration: z
      .string()
      .min(1)
      .optional()
      .describe(
        'Notification integration that Snowflake tells of files which a pipe cannot copy; `sluice snowflake setup --sns-topic` makes it.',
      ),
    queryTag: z.record(z.string(), z.string()).default({}).describe('Written into each query’s tag: who pays.'),
    monthlyCredits: z.number().positive().optional().describe('Credits a month; more than 80% of it is a warning.'),
    endpoint: urlField('https', 'http').optional().describe('Address of the account where it is not the usual one.'),
  })
  .refine((target) => (target.privateKeyFile === undefined) !== (target.oauth === undefined), {
    message: 'expected either privateKeyFile or oauth',
  });

export type SnowflakeTargetFile = z.infer<typeof snowflakeTarget>;
