import type { StepClaim, StepRef } from './port.js';

/** The condition that a claim still holds its step; its parameters are those of `claimValues`. */
export const STILL_MINE = `batch_id = $1 AND step = $2 AND target = $3 AND table_name = $4 AND state = 'pending' AND holder = $5 AND attempt = $6`;

/** The parameters of STILL_MINE. */
export function claimValues(claim: StepClaim): readonly unknown[] {
  return [...refValues(claim), claim.holder, claim.attempt];
}

/** The four values that name a step. */
export function refValues({ batch, step, target, table }: StepRef): readonly unknown[] {
  return [batch, step, target, table];
}
