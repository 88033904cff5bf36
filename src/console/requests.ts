import { z } from 'zod';
import { SluiceError } from '../shared/errors.js';
import { asBatchId, asObjectId, type BatchId, type ObjectId } from '../shared/ids.js';
import { JOB_KINDS, type JobKind } from '../shared/jobs/catalogue.js';
import { OBJECT_STATES, type ObjectState } from '../shared/ledger/port.js';

export interface ObjectsRequest {
  readonly dataset?: string;
  readonly state?: ObjectState;
  readonly limit: number;
}

/** A form sends a choice that was not made as an empty text. */
const unlessEmpty = <T extends z.ZodType>(schema: T) =>
  z.preprocess((value) => (value === '' ? undefined : value), schema.optional());

const objectsQuery = z.object({
  dataset: unlessEmpty(z.string().max(200)),
  state: unlessEmpty(z.enum(OBJECT_STATES)),
  limit: unlessEmpty(z.coerce.number().int().min(1).max(1000)),
});

/** `?dataset&state&limit`, as the lists of files take them; limit 100 unless given. Errors: USAGE. */
export function readObjectsRequest(query: unknown): ObjectsRequest {
  const parsed = objectsQuery.safeParse(query);
  if (!parsed.success) throw new SluiceError('USAGE', messageOf(parsed.error));
  const { dataset, state, limit = 100 } = parsed.data;
  return { limit, ...(dataset === undefined ? {} : { dataset }), ...(state === undefined ? {} : { state }) };
}

const anomaliesQuery = z.object({
  all: unlessEmpty(z.enum(['1', 'true', '0', 'false'])),
  limit: unlessEmpty(z.coerce.number().int().min(1).max(1000)),
});

/** `?all&limit`, as the lists of anomalies take them; only what is open, limit 100, unless given. Errors: USAGE. */
export function readAnomaliesRequest(query: unknown): { readonly all: boolean; readonly limit: number } {
  const parsed = anomaliesQuery.safeParse(query);
  if (!parsed.success) throw new SluiceError('USAGE', messageOf(parsed.error));
  const { all = '0', limit = 100 } = parsed.data;
  return { all: all === '1' || all === 'true', limit };
}

/** Whom an autoscaler asks for, and what it shall hold to; what is left out, the configuration says. */
export interface ScaleRequest {
  readonly queues?: readonly JobKind[];
  readonly concurrency?: number;
  readonly drainSeconds?: number;
  readonly oldestSeconds?: number;
}

const queuesField = z
  .string()
  .transform((text) => text.split(','))
  .pipe(z.array(z.enum(JOB_KINDS)).min(1));
const secondsField = z.coerce.number().min(1).max(86_400);
const scaleQuery = z.object({
  queue: unlessEmpty(queuesField),
  concurrency: unlessEmpty(z.coerce.number().int().min(1).max(64)),
  drainSeconds: unlessEmpty(secondsField),
  oldestSeconds: unlessEmpty(secondsField),
});

/** `?queue=compact,load&concurrency&drainSeconds&oldestSeconds`; no queue means all of them. Errors: USAGE. */
export function readScaleRequest(query: unknown): ScaleRequest {
  const parsed = scaleQuery.safeParse(query);
  if (!parsed.success) throw new SluiceError('USAGE', messageOf(parsed.error));
  const { queue, concurrency, drainSeconds, oldestSeconds } = parsed.data;
  return {
    ...(queue === undefined ? {} : { queues: [...new Set(queue)] }),
    ...(concurrency === undefined ? {} : { concurrency }),
    ...(drainSeconds === undefined ? {} : { drainSeconds }),
    ...(oldestSeconds === undefined ? {} : { oldestSeconds }),
  };
}

/** An object's id out of a path; undefined for text that is none. */
export function readObjectId(text: string): ObjectId | undefined {
  return tryRead(() => asObjectId(text));
}

/** A batch's id out of a path; undefined for text that is none. */
export function readBatchId(text: string): BatchId | undefined {
  return tryRead(() => asBatchId(text));
}

function tryRead<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

function messageOf(error: z.ZodError): string {
  const issue = error.issues[0];
  return `${issue?.path.join('.') ?? 'query'}: ${issue?.message ?? 'not understood'}`;
}
