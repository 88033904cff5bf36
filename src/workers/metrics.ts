import { collectDefaultMetrics, Counter, Histogram, Registry } from 'prom-client';
import type { JobKind } from '../shared/jobs/catalogue.js';

/** What a worker process measures of itself, in Prometheus' text format. */
export interface WorkerMetrics {
  readonly contentType: string;
  text(): Promise<string>;
  /** One job ended: `done`, `skip`, `snooze`, or the code of its error. */
  jobEnded(kind: JobKind, outcome: string, seconds: number): void;
}

/** Opens a registry of its own, so that several workers may live in one process. */
export function openWorkerMetrics(): WorkerMetrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const ended = new Counter({
    name: 'sluice_jobs_total',
    help: 'Jobs that ended in this worker, by kind and outcome.',
    labelNames: ['kind', 'outcome'],
    registers: [registry],
  });
  const seconds = new Histogram({
    name: 'sluice_job_run_seconds',
    help: 'Seconds that a job ran in this worker.',
    labelNames: ['kind'],
    buckets: [0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300],
    registers: [registry],
  });
  return {
    contentType: registry.contentType,
    text: () => registry.metrics(),
    jobEnded: (kind, outcome, ran) => {
      ended.inc({ kind, outcome });
      seconds.observe({ kind }, ran);
    },
  };
}
