import type { AuditNote, Finding, NewAlert, StepClaim } from './port.js';
import type { Manifest } from './manifest.js';

/** What people are told about a check step: each check that failed, and that the batch is held. Pure. */
export function findingAlerts(
  { dataset, batch }: Pick<StepClaim, 'dataset' | 'batch'>,
  findings: readonly Finding[],
  hold: boolean,
): readonly NewAlert[] {
  const failed = findings.filter(({ kind, verdict }) => kind === 'check' && verdict === 'fail');
  const checks = failed.map(({ name, data }): NewAlert => ({
    kind: 'check',
    dataset,
    name,
    facts: { batch, ...pick(data, ['expected', 'actual', 'failingRows', 'reason']) },
  }));
  if (!hold) return checks;
  const names = failed.map(({ name }) => name).join(', ');
  return [...checks, { kind: 'hold', dataset, name: 'batch', facts: { batch, failed: names } }];
}

/** What people are told about what compact set aside: of objects one alert a code, with an example; of single rows their number. Pure. */
export function quarantineAlerts(
  { dataset, batch }: Pick<StepClaim, 'dataset' | 'batch'>,
  { objects }: Pick<Manifest, 'objects'>,
): readonly NewAlert[] {
  const byCode = new Map<string, { count: number; object: string; reason: string }>();
  for (const one of objects) {
    if (one.kind !== 'quarantined') continue;
    const known = byCode.get(one.code) ?? { count: 0, object: one.object, reason: one.reason };
    byCode.set(one.code, { ...known, count: known.count + 1 });
  }
  const whole = [...byCode].map(([code, facts]): NewAlert => {
    const count = `${facts.count} ${facts.count === 1 ? 'object' : 'objects'}`;
    return { kind: 'quarantine', dataset, name: code, facts: { ...facts, count, batch } };
  });
  const rows = objects.reduce((sum, one) => sum + (one.kind === 'included' ? (one.quarantined ?? 0) : 0), 0);
  if (rows === 0) return whole;
  const count = `${rows} ${rows === 1 ? 'row' : 'rows'}`;
  return [...whole, { kind: 'quarantine', dataset, name: 'failed checks', facts: { count, batch } }];
}

/** What people are told about an audit that does not balance. Pure. */
export function auditAlerts({ dataset, balanced, verdicts, worst }: AuditNote): readonly NewAlert[] {
  if (balanced) return [];
  const objects = (verdicts['unbalanced'] ?? 0) + (verdicts['unverified'] ?? 0);
  const [first] = worst;
  const example = first === undefined ? {} : { example: `${first.uri} (${first.verdict})` };
  return [{ kind: 'audit', dataset, name: 'balance', facts: { objects, ...example } }];
}

/** Facts of a finding that may be told: no samples, no values of rows. */
function pick(data: unknown, names: readonly string[]): Record<string, string | number> {
  if (data === null || typeof data !== 'object') return {};
  return Object.fromEntries(
    Object.entries(data).filter(
      ([name, value]) => names.includes(name) && (typeof value === 'string' || typeof value === 'number'),
    ),
  );
}
