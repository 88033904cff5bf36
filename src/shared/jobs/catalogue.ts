import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { PlanDispatch, StepDispatch } from '../ledger/port.js';

/** The one list of job kinds. Each has a queue of the same name. */
export const JOB_KINDS = ['plan', 'compact', 'profile', 'skew', 'check', 'load', 'maintain'] as const;
export type JobKind = (typeof JOB_KINDS)[number];

/** What `maintain` can be asked for. */
export const MAINTENANCE = ['sweep', 'compact', 'profile', 'audit', 'retention', 'originals', 'budget'] as const;
export type Maintenance = (typeof MAINTENANCE)[number];

const planPayload = z.strictObject({
  v: z.literal(1),
  dataset: z.string(),
  partition: z.string(),
  dispatch: z.int(),
  /** Close the batches now, whatever their size and age. */
  closeNow: z.boolean().optional(),
});
const stepPayload = z.strictObject({
  v: z.literal(1),
  batch: z.string(),
  dataset: z.string(),
  target: z.string(),
  table: z.string(),
  dispatch: z.int(),
});
const maintainPayload = z.strictObject({ v: z.literal(1), job: z.enum(MAINTENANCE), dataset: z.string().optional() });

/** The payload of each kind, as it travels: ids only, under 1 KB. */
export const JOB_PAYLOADS = {
  plan: planPayload,
  compact: stepPayload,
  profile: stepPayload,
  skew: stepPayload,
  check: stepPayload,
  load: stepPayload,
  maintain: maintainPayload,
} as const;

export type JobPayload<K extends JobKind> = z.infer<(typeof JOB_PAYLOADS)[K]>;

/** A job on its way to the queue. */
export interface Job<K extends JobKind = JobKind> {
  readonly kind: K;
  /** Deterministic, ends in the dispatch number: the same dispatch is enqueued once, the next one is never blocked by it. */
  readonly id: string;
  /** For people, in Bull Board. */
  readonly name: string;
  readonly payload: JobPayload<K>;
  readonly delayMs?: number;
}

/** The job of a plan dispatch. */
export function planJob(dispatch: PlanDispatch, { delayMs = 0, closeNow = false } = {}): Job<'plan'> {
  const place = createHash('sha256').update(`${dispatch.dataset}\n${dispatch.partition}`).digest('hex').slice(0, 16);
  return {
    kind: 'plan',
    id: `plan-${place}-${dispatch.dispatch}`,
    name: dispatch.partition === '' ? dispatch.dataset : `${dispatch.dataset} ${dispatch.partition}`,
    payload: {
      v: 1,
      dataset: dispatch.dataset,
      partition: dispatch.partition,
      dispatch: dispatch.dispatch,
      ...(closeNow ? { closeNow } : {}),
    },
    delayMs,
  };
}

/** The job of a step dispatch. */
export function stepJob(
  dispatch: StepDispatch,
  { delayMs = 0 } = {},
): Job<'compact' | 'profile' | 'skew' | 'check' | 'load'> {
  const { batch, step, target, table } = dispatch;
  const place =
    step === 'load' ? `-${createHash('sha256').update(`${target}\n${table}`).digest('hex').slice(0, 8)}` : '';
  return {
    kind: step,
    id: `${step}-${batch}${place}-${dispatch.dispatch}`,
    name: step === 'load' ? `${dispatch.dataset} to ${target}.${table}` : dispatch.dataset,
    payload: { v: 1, batch, dataset: dispatch.dataset, target, table, dispatch: dispatch.dispatch },
    delayMs,
  };
}

/** A maintain job; `stamp` makes its id unique among those of the same name. */
export function maintainJob(job: Maintenance, dataset: string | undefined, stamp: string): Job<'maintain'> {
  const name = dataset === undefined ? job : `${job} ${dataset}`;
  return {
    kind: 'maintain',
    id: `maintain-${job}-${dataset ?? 'all'}-${stamp}`,
    name,
    payload: { v: 1, job, ...(dataset === undefined ? {} : { dataset }) },
  };
}
