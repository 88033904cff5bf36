import type { AuditNote } from '../../shared/ledger/port.js';
import type { AuditedObject } from './audit.js';
import type { AuditVerdict } from './judgeObject.js';

/** Objects that do not balance kept with an audit's result. */
const WORST = 50;

/** Adds up an audit as the ledger keeps it. */
export interface AuditTally {
  /** Adds objects; returns those that do not balance. */
  add(objects: readonly AuditedObject[]): readonly AuditedObject[];
  /** What was added so far. `unbalanced`: objects that do not balance or could not be counted. */
  note(): AuditNote & { readonly objects: number; readonly unbalanced: number };
}

/** Begins the tally of one dataset's audit. */
export function openAuditTally(dataset: string): AuditTally {
  const verdicts: Partial<Record<AuditVerdict, number>> = {};
  const worst: { readonly uri: string; readonly verdict: AuditVerdict }[] = [];
  return {
    add: (objects) => {
      for (const { verdict } of objects) verdicts[verdict] = (verdicts[verdict] ?? 0) + 1;
      const bad = objects.filter(({ verdict }) => verdict === 'unbalanced' || verdict === 'unverified');
      worst.push(...bad.slice(0, WORST - worst.length).map(({ uri, verdict }) => ({ uri, verdict })));
      return bad;
    },
    note: () => {
      const unbalanced = (verdicts.unbalanced ?? 0) + (verdicts.unverified ?? 0);
      const objects = Object.values(verdicts).reduce((sum, one) => sum + one, 0);
      return { dataset, balanced: unbalanced === 0, verdicts, worst, objects, unbalanced };
    },
  };
}
