import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { type Limits, readLimits } from '../shared/cgroup.js';
import type { Dataset } from '../shared/config/config.js';
import type { Engine } from '../shared/engine/port.js';
import { JOB_KINDS, type JobKind } from '../shared/jobs/catalogue.js';
import type { ObjectStore } from '../shared/stores/port.js';
import type { MetricValues } from '../shared/telemetry/emf.js';
import { openStepMeter, type StepMeter } from './meter.js';
import { meterStore } from './meterStore.js';
import { scratchUse } from './scratchUse.js';

/** What a worker process measures of itself, in Prometheus' text format. */
export interface WorkerMetrics {
  readonly contentType: string;
  text(): Promise<string>;
  /** The same as values. */
  values(): Promise<readonly MetricValues[]>;
  /** A job began for the first time, so long after its time had come. */
  jobBegan(kind: JobKind, waitedSeconds: number): void;
  /** One job ended: `done`, `skip`, `snooze`, or the code of its error. */
  jobEnded(kind: JobKind, outcome: string, seconds: number): void;
  /** A job whose worker went silent was found. */
  jobStalled(kind: JobKind): void;
  readonly steps: StepMeter;
  /** The store, with its bytes counted. */
  metered(store: ObjectStore, name: 'source' | 'lake'): ObjectStore;
}

export interface WorkerMetricsOptions {
  readonly datasets: readonly Dataset[];
  readonly engine: Pick<Engine, 'memory'>;
  /** Folder of files in work. */
  readonly scratch: string;
  /** Default: what the container allows. */
  readonly limits?: Limits;
}

/** Opens a registry of its own, so that several workers may live in one process. */
export function openWorkerMetrics({
  datasets,
  engine,
  scratch,
  limits = readLimits(),
}: WorkerMetricsOptions): WorkerMetrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const { ended, handedBack, stalls, ran, waited } = openJobMetrics(registry);
  const bytes = new Counter({
    name: 'sluice_store_bytes_total',
    help: 'Bytes fetched from and put into object stores: the source of files, and the lake of artifacts.',
    labelNames: ['store', 'direction'] as const,
    registers: [registry],
  });
  for (const store of ['source', 'lake'] as const)
    for (const direction of ['get', 'put'] as const) bytes.inc({ store, direction }, 0);
  openUseGauges(registry, { engine, scratch, limits });
  return {
    contentType: registry.contentType,
    text: () => registry.metrics(),
    values: () => registry.getMetricsAsJSON(),
    jobBegan: (kind, seconds) => waited.observe({ kind }, seconds),
    jobEnded: (kind, outcome, seconds) => {
      ended.inc({ kind, outcome });
      if (outcome === 'HANDED_BACK') handedBack.inc({ kind });
      ran.observe({ kind }, seconds);
    },
    jobStalled: (kind) => stalls.inc({ kind }),
    steps: openStepMeter(registry, datasets),
    metered: (store, name) => meterStore(store, (direction, count) => bytes.inc({ store: name, direction }, count)),
  };
}

function openJobMetrics(registry: Registry) {
  const registers = [registry];
  const counter = (name: string, help: string) => new Counter({ name, help, labelNames: ['kind'] as const, registers });
  const histogram = (name: string, help: string) =>
    new Histogram({
      name,
      help,
      labelNames: ['kind'] as const,
      buckets: [0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000, 3600],
      registers,
    });
  const metrics = {
    ended: new Counter({
      name: 'sluice_jobs_total',
      help: 'Jobs that ended in this worker, by kind and outcome.',
      labelNames: ['kind', 'outcome'] as const,
      registers,
    }),
    handedBack: counter('sluice_job_handbacks_total', 'Jobs that this worker gave back because it was told to stop.'),
    stalls: counter('sluice_job_stalls_total', 'Jobs whose worker went silent, as this worker found them.'),
    ran: histogram('sluice_job_run_seconds', 'Seconds that a job ran in this worker.'),
    waited: histogram('sluice_job_wait_seconds', 'Seconds from the time a job was due to its first start.'),
  };
  for (const kind of JOB_KINDS) {
    metrics.ended.inc({ kind, outcome: 'done' }, 0);
    metrics.handedBack.inc({ kind }, 0);
    metrics.stalls.inc({ kind }, 0);
    metrics.ran.zero({ kind });
    metrics.waited.zero({ kind });
  }
  return metrics;
}

/** Read when somebody asks. */
function openUseGauges(
  registry: Registry,
  { engine, scratch, limits }: Required<Omit<WorkerMetricsOptions, 'datasets'>>,
) {
  const gauge = (name: string, help: string, collect?: () => Promise<void>) =>
    new Gauge({ name, help, registers: [registry], ...(collect === undefined ? {} : { collect }) });
  const processes = gauge('sluice_engine_processes', 'Engine processes of this worker.');
  const memory = gauge(
    'sluice_engine_memory_bytes',
    'Resident memory of this worker’s engine processes; 0 where /proc does not tell it.',
    async () => {
      const now = await engine.memory();
      processes.set(now.processes);
      memory.set(now.bytes);
    },
  );
  const free = gauge('sluice_scratch_free_bytes', 'Bytes free on the file system of the scratch folder.');
  const used = gauge('sluice_scratch_bytes', 'Bytes of files in this worker’s scratch folder.', async () => {
    const { bytes, freeBytes } = await scratchUse(scratch);
    free.set(freeBytes);
    used.set(bytes);
  });
  gauge(
    'sluice_memory_limit_bytes',
    'Memory that this worker’s container may use; the machine’s where nothing limits it.',
  ).set(limits.memoryBytes);
}
