import { z } from 'zod';
import { SluiceError, toSluiceError } from '../../shared/errors.js';
import { JOB_KINDS, planJob, stepJob } from '../../shared/jobs/catalogue.js';
import { ANOMALY_DECISIONS, type Ledger } from '../../shared/ledger/port.js';
import type { Queue } from '../../shared/queue/port.js';

const why = z.string().max(1000).default('');
const id = z.string().regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, 'expected the id of an object or a batch');

const actionRequest = z.discriminatedUnion('action', [
  z.strictObject({ action: z.enum(['pause', 'resume']), queue: z.enum(JOB_KINDS), why }),
  z.strictObject({ action: z.literal('retry'), dataset: z.string().min(1).max(200), why }),
  z.strictObject({ action: z.enum(['replay', 'release', 'discard']), id, why }),
  z.strictObject({
    action: z.literal('ack'),
    anomaly: z.string().regex(/^\d{1,18}$/, 'expected the id of an anomaly'),
    as: z.enum(ANOMALY_DECISIONS).default('normal'),
    why,
  }),
]);

/** What somebody wants done. */
export type ActionRequest = z.infer<typeof actionRequest>;

/** What came of it; `refused` with the reason when it could not be. */
export interface ActionResult {
  readonly action: ActionRequest['action'];
  readonly subject: string;
  readonly answer: 'done' | 'already' | 'refused';
  readonly detail: string;
}

/** `{action: pause|resume, queue}`, `{action: retry, dataset}`, `{action: replay|release|discard, id}` or `{action: ack, anomaly, as: normal|once}`, each with `why`. Errors: USAGE. */
export function readActionRequest(body: unknown): ActionRequest {
  const parsed = actionRequest.safeParse(body);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new SluiceError('USAGE', `${issue?.path.join('.') || 'action'}: ${issue?.message ?? 'not understood'}`);
}

/** The parts that actions reach. */
export interface ActionServices {
  readonly ledger: Pick<Ledger, 'actions' | 'anomalies' | 'custody' | 'plans' | 'recovery'>;
  readonly queue: Pick<Queue, 'pause' | 'enqueue' | 'attendance'>;
}

/**
 * Does what is asked and keeps it in the ledger: who, what, when, why before it is done, and what came of it after. Each may be asked
 * twice: a queue stays paused, a decision stands, a step that runs is not started again.
 */
export async function performAction(
  { ledger, queue }: ActionServices,
  request: ActionRequest,
  who: string,
): Promise<ActionResult> {
  const subject = subjectOf(request);
  const note = await ledger.actions.begin({ who, action: request.action, subject, why: request.why });
  try {
    const outcome = await act({ ledger, queue }, request, who);
    await ledger.actions.end(note, outcome.detail === '' ? outcome.answer : `${outcome.answer}: ${outcome.detail}`);
    return { action: request.action, subject, ...outcome };
  } catch (thrown) {
    await ledger.actions.end(note, `failed: ${toSluiceError(thrown).message}`).catch(() => {});
    throw thrown;
  }
}

function subjectOf(request: ActionRequest): string {
  if ('queue' in request) return request.queue;
  if ('anomaly' in request) return `anomaly ${request.anomaly}`;
  return 'dataset' in request ? request.dataset : request.id;
}

async function act(
  { ledger, queue }: ActionServices,
  request: ActionRequest,
  who: string,
): Promise<Pick<ActionResult, 'answer' | 'detail'>> {
  switch (request.action) {
    case 'pause':
    case 'resume':
      await queue.pause(request.queue, request.action === 'pause');
      return { answer: 'done', detail: '' };
    case 'retry': {
      const steps = await ledger.recovery.rearmFailed(request.dataset);
      return { answer: 'done', detail: `${steps} step(s) that gave up are tried again` };
    }
    case 'ack':
      return acknowledge(ledger, request, who);
    default:
      return decide({ ledger, queue }, request, who);
  }
}

async function acknowledge(
  { anomalies }: ActionServices['ledger'],
  { anomaly: id, as, why: reason }: Extract<ActionRequest, { action: 'ack' }>,
  who: string,
): Promise<Pick<ActionResult, 'answer' | 'detail'>> {
  const answer = await anomalies.acknowledge({ id, as, who, why: reason });
  if (answer.kind === 'unknown') return { answer: 'refused', detail: `no anomaly has the id ${id}` };
  const { dataset, metric, column, decided } = answer.anomaly;
  if (answer.kind === 'already') return { answer: 'already', detail: `${decided?.as} by ${decided?.who}` };
  const figure = `${metric}${column === '' ? '' : ` of ${column}`} of ${dataset}`;
  return { answer: 'done', detail: `${figure} as ${as}${answer.also > 0 ? `, with ${answer.also} later ones` : ''}` };
}

async function decide(
  { ledger, queue }: ActionServices,
  { action, id: subject, why: reason }: Extract<ActionRequest, { id: string }>,
  who: string,
): Promise<Pick<ActionResult, 'answer' | 'detail'>> {
  const answer = await ledger.custody.decide({ verb: action, id: subject, who, why: reason });
  if (answer.kind === 'refused') return { answer: 'refused', detail: answer.reason };
  if (answer.kind === 'already') {
    return { answer: 'already', detail: `${answer.decision.verb} by ${answer.decision.who}` };
  }
  // Best effort: whatever is not sent here stands in the ledger, and the reconciler sends it.
  const plans = await ledger.plans.dispatch(answer.partitions);
  await queue
    .enqueue([...plans.map((plan) => planJob(plan)), ...answer.steps.map((step) => stepJob(step))])
    .catch(() => {});
  return { answer: 'done', detail: answer.next.map((next) => `as ${next}`).join(', ') };
}
