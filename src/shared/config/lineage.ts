import { z } from 'zod';
import { durationField, urlField } from './fields.js';

/** Where lineage goes. */
export const lineageSchema = z.strictObject({
  openlineage: z
    .strictObject({
      url: urlField('http', 'https').optional().describe('A server that speaks OpenLineage, such as Marquez.'),
      endpoint: z.string().min(1).default('api/v1/lineage').describe('Path that events are posted to, after the URL.'),
      apiKey: z.string().min(1).optional().describe('Sent as a bearer token.'),
      timeout: durationField.default(5000).describe('An event that takes longer is given up.'),
      file: z.string().min(1).optional().describe('Instead of url: a file that gets one event a line.'),
      namespace: z.string().min(1).default('sluice').describe('Namespace of the jobs.'),
    })
    .refine(({ url, file }) => (url === undefined) !== (file === undefined), {
      message: 'expected either url or file',
    }),
});
