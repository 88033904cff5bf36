import type { Outcome } from '../shared/outcome.js';
import type { JobPayload } from '../shared/jobs/catalogue.js';
import type { Step } from '../shared/ledger/port.js';
import { handleCheck } from './check/handler.js';
import { handleCompact } from './compact/handler.js';
import type { WorkerContext } from './context.js';
import { tellLineage } from './lineage.js';
import { handleLoad } from './load/handler.js';
import { handleMaintain } from './maintain/handler.js';
import { handlePlan } from './plan/handler.js';
import { handleProfile } from './profile/handler.js';
import type { Handlers } from './runJob.js';
import { runSteps, type StepHandlers } from './runSteps.js';
import { handleSkew } from './skew/handler.js';
import { traceSteps } from './traces.js';

/** The steps of a batch, by kind. */
const STEP_HANDLERS: StepHandlers = traceSteps(
  tellLineage({
    compact: handleCompact,
    profile: handleProfile,
    skew: handleSkew,
    check: handleCheck,
    load: handleLoad,
  }),
);

/** The one list of job kinds and who answers them. */
export function openHandlers(context: WorkerContext): Handlers {
  const steps =
    (step: Step) =>
    (payload: JobPayload<'compact'>, signal: AbortSignal): Promise<Outcome> =>
      runSteps(context, { step, payload, handlers: STEP_HANDLERS, signal });
  return {
    plan: (payload) => handlePlan(context, payload),
    compact: steps('compact'),
    profile: steps('profile'),
    skew: steps('skew'),
    check: steps('check'),
    load: steps('load'),
    maintain: (payload, signal) => handleMaintain(context, payload, signal),
  };
}
