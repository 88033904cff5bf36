import { collectDefaultMetrics, Counter, Histogram, Registry } from 'prom-client';
import type { IntakeReceipt } from './intake.js';

/** What intake counts about itself, in its own registry. */
export interface IntakeMetrics {
  readonly contentType: string;
  /** All metrics in the Prometheus text format. */
  render(): Promise<string>;
  countReceipt(source: string, receipt: IntakeReceipt): void;
  countRejected(source: string): void;
  observeRequest(status: number, seconds: number): void;
  /** A signed request whose replay was looked for in this process alone. */
  countUnshared(): void;
}

/** Opens intake's metrics: `sluice_events_total{source,outcome}`, `sluice_intake_request_seconds{status}`, `sluice_signatures_unshared_total` and the process's own. */
export function openIntakeMetrics(): IntakeMetrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const events = new Counter({
    name: 'sluice_events_total',
    help: 'Arrivals by source and outcome (new, duplicate, ignored), and requests that were rejected.',
    labelNames: ['source', 'outcome'] as const,
    registers: [registry],
  });
  const requests = new Histogram({
    name: 'sluice_intake_request_seconds',
    help: 'Time from a request of events to its answer, which follows the ledger commit.',
    labelNames: ['status'] as const,
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    registers: [registry],
  });
  const unshared = new Counter({
    name: 'sluice_signatures_unshared_total',
    help: 'Signed requests that were compared with those of this process alone, because Redis was away.',
    registers: [registry],
  });
  return {
    contentType: registry.contentType,
    render: () => registry.metrics(),
    countReceipt: (source, { accepted, duplicates, ignored }) => {
      events.inc({ source, outcome: 'new' }, accepted);
      events.inc({ source, outcome: 'duplicate' }, duplicates);
      events.inc({ source, outcome: 'ignored' }, ignored);
    },
    countRejected: (source) => events.inc({ source, outcome: 'rejected' }),
    countUnshared: () => unshared.inc(),
    observeRequest: (status, seconds) => requests.observe({ status: String(status) }, seconds),
  };
}
