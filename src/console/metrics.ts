import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { Ledger } from '../shared/ledger/port.js';
import { openQueueGauges } from './queueGauges.js';
import type { ReadScaleOptions } from './readScale.js';

export interface ConsoleMetrics {
  readonly contentType: string;
  /** Asks the ledger and the queues, then gives all metrics in the Prometheus text format. What does not answer is absent, and its `up` is 0. */
  render(): Promise<string>;
}

/** Opens the metrics of the whole: what the ledger holds and what waits in the queues. No label holds a key or a file name. */
export function openConsoleMetrics({
  ledger,
  ...rest
}: ReadScaleOptions & { readonly ledger: Ledger }): ConsoleMetrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const gauge = <T extends string>(name: string, help: string, labelNames: readonly T[] = []) =>
    new Gauge<T>({ name, help, labelNames: [...labelNames], registers: [registry] });
  const ledgerUp = gauge('sluice_ledger_up', '1 when the ledger answered this scrape.');
  const queueUp = gauge('sluice_queue_up', '1 when Redis answered this scrape.');
  const readLedger = openLedgerGauges(
    ledger,
    gauge,
    rest.config.datasets.map(({ name }) => name),
  );
  const readQueues = openQueueGauges({ ledger, ...rest }, gauge);
  return {
    contentType: registry.contentType,
    async render() {
      ledgerUp.set((await succeeds(readLedger)) ? 1 : 0);
      queueUp.set((await succeeds(readQueues)) ? 1 : 0);
      return registry.metrics();
    },
  };
}

/** Makes a gauge of the console's registry. */
export type MakeGauge = <T extends string>(name: string, help: string, labelNames?: readonly T[]) => Gauge<T>;

function openLedgerGauges(
  { objects, read, recovery }: Ledger,
  gauge: MakeGauge,
  datasets: readonly string[],
): () => Promise<void> {
  const count = gauge('sluice_objects', 'Objects by dataset and state.', ['dataset', 'state']);
  const bytes = gauge('sluice_objects_bytes', 'Bytes of objects by dataset and state.', ['dataset', 'state']);
  const ignored = gauge('sluice_ignored_arrivals', 'Arrivals that a rule set aside, by rule.', ['rule']);
  const steps = gauge('sluice_steps', 'Steps of batches that are open, or gave up.', ['dataset', 'state']);
  const held = gauge('sluice_batches_held', 'Batches that wait for a release.', ['dataset']);
  const age = gauge('sluice_oldest_due_age_seconds', 'How long the longest waiting work has been due.', ['dataset']);
  const loads = gauge('sluice_loads_last_day', 'Loads that targets committed in 24 hours.');
  const rows = gauge('sluice_rows_loaded_last_day', 'Rows that targets committed in 24 hours.');
  const unbalanced = gauge('sluice_audit_imbalance_objects', 'Objects unbalanced in the newest audit.', ['dataset']);
  const audited = gauge('sluice_audit_age_seconds', 'Seconds since the newest audit.', ['dataset']);
  const all = [count, bytes, ignored, steps, held, age, loads, rows, unbalanced, audited];
  return async () => {
    const now = Date.now();
    const [counts, backlog, setAside, [day], audits] = await Promise.all([
      objects.counts(),
      recovery.backlog(),
      read.ignored(),
      read.activity(new Date(now - 86_400_000), 1_000_000_000),
      read.lastAudits(),
    ]);
    for (const one of all) one.reset();
    // What is well is 0, not absent: an alert cannot tell absence from a scrape that failed.
    for (const dataset of datasets) {
      for (const state of ['open', 'failed']) steps.set({ dataset, state }, 0);
      for (const one of [held, age]) one.set({ dataset }, 0);
      count.set({ dataset, state: 'quarantined' }, 0);
    }
    for (const { dataset, state, objects: total, bytes: size } of counts) {
      count.set({ dataset, state }, total);
      bytes.set({ dataset, state }, size);
    }
    for (const { rule, count: total } of setAside) ignored.inc({ rule }, total);
    for (const { dataset, openSteps, failedSteps, heldBatches, nextDueAt } of backlog) {
      steps.set({ dataset, state: 'open' }, openSteps);
      steps.set({ dataset, state: 'failed' }, failedSteps);
      held.set({ dataset }, heldBatches);
      age.set({ dataset }, nextDueAt === undefined ? 0 : Math.max(0, (now - nextDueAt.getTime()) / 1000));
    }
    for (const { dataset, at, verdicts } of audits) {
      unbalanced.set({ dataset }, (verdicts['unbalanced'] ?? 0) + (verdicts['unverified'] ?? 0));
      audited.set({ dataset }, (now - at.getTime()) / 1000);
    }
    loads.set(day?.loads ?? 0);
    rows.set(day?.rows ?? 0);
  };
}

async function succeeds(work: () => Promise<void>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch {
    return false;
  }
}
