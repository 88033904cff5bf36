import { z } from 'zod';
import { ROUTE_RULES, type RouteRule } from '../routeObject.js';

/** What a sweep met: `found` = recorded + duplicates + ignored. */
export interface SweepReceipt {
  readonly found: number;
  /** Objects that the ledger lacked. */
  readonly recorded: number;
  readonly duplicates: number;
  readonly ignored: number;
  /** How many each rule set aside. */
  readonly ignoredByRule: Readonly<Partial<Record<RouteRule, number>>>;
}

const count = z.int().min(0);

/** As it is saved while a listing is under way. */
export const receiptSchema = z.object({
  found: count,
  recorded: count,
  duplicates: count,
  ignored: count,
  ignoredByRule: z.partialRecord(z.enum(ROUTE_RULES), count),
});

export const NOTHING_FOUND: SweepReceipt = { found: 0, recorded: 0, duplicates: 0, ignored: 0, ignoredByRule: {} };

/** The sum of two. */
export function addReceipts(a: SweepReceipt, b: SweepReceipt): SweepReceipt {
  const rules = new Set([...Object.keys(a.ignoredByRule), ...Object.keys(b.ignoredByRule)]);
  const byRule = ROUTE_RULES.filter((rule) => rules.has(rule)).map(
    (rule) => [rule, (a.ignoredByRule[rule] ?? 0) + (b.ignoredByRule[rule] ?? 0)] as const,
  );
  return {
    found: a.found + b.found,
    recorded: a.recorded + b.recorded,
    duplicates: a.duplicates + b.duplicates,
    ignored: a.ignored + b.ignored,
    ignoredByRule: Object.fromEntries(byRule),
  };
}
