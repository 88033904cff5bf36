import { toSluiceError } from '../shared/errors.js';
import type { ObjectId } from '../shared/ids.js';
import { isTracing, tellSpan } from '../shared/telemetry/traces.js';
import type { StepHandler, StepHandlers, StepWork } from './runSteps.js';

/** The handlers, each telling its batch's trace, and those of the batch's objects where something happens to them, how long it took. */
export function traceSteps(handlers: StepHandlers): StepHandlers {
  return {
    compact: traced(handlers.compact),
    profile: traced(handlers.profile),
    skew: traced(handlers.skew),
    check: traced(handlers.check),
    load: traced(handlers.load),
  };
}

function traced(handler: StepHandler): StepHandler {
  return async (context, work) => {
    if (!isTracing()) return handler(context, work);
    const startMs = context.clock.now();
    try {
      const opened = await handler(context, work);
      tellStep(work, { startMs, endMs: context.clock.now() });
      return opened;
    } catch (error) {
      const { code, message } = toSluiceError(error);
      tellStep(work, { startMs, endMs: context.clock.now(), error: `${code}: ${message}` });
      throw error;
    }
  };
}

function tellStep({ claim, objects }: StepWork, end: { startMs: number; endMs: number; error?: string }): void {
  const { batch, step, dataset, attempt, target, table } = claim;
  const attributes = {
    'sluice.dataset': dataset,
    'sluice.batch': batch,
    'sluice.attempt': attempt,
    'sluice.objects': objects.length,
    ...(step === 'load' ? { 'sluice.target': target, 'sluice.table': table } : {}),
  };
  tellSpan({ of: batch, name: step, attributes, ...end });
  if (step !== 'compact' && step !== 'load') return;
  for (const { object } of objects) tellSpan({ of: object, name: step, attributes, links: [batch], ...end });
}

/** A batch's story begins with its plan, and leads to those of its objects. */
export function tellPlan(
  { batch, objects }: { batch: StepWork['claim']['batch']; objects: readonly ObjectId[] },
  { dataset, startMs, endMs }: { dataset: string; startMs: number; endMs: number },
): void {
  const attributes = { 'sluice.dataset': dataset, 'sluice.batch': batch, 'sluice.objects': objects.length };
  tellSpan({ of: batch, name: 'plan', isRoot: true, startMs, endMs, attributes, links: objects });
}
