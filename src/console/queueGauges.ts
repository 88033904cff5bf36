import { JOB_KINDS } from '../shared/jobs/catalogue.js';
import type { QueueCounts } from '../shared/queue/port.js';
import type { MakeGauge } from './metrics.js';
import { readDemands, type ReadScaleOptions } from './readScale.js';
import { decideScale } from './scale.js';

const STATES = [
  'waiting',
  'active',
  'delayed',
  'overdue',
  'completed',
  'failed',
] as const satisfies readonly (keyof QueueCounts)[];

/** Makes the gauges of the queues; the function reads them anew and fails while Redis or the ledger is away. */
export function openQueueGauges(options: ReadScaleOptions, gauge: MakeGauge): () => Promise<void> {
  const { queue, config } = options;
  const jobs = gauge('sluice_queue_jobs', 'Jobs in Redis by queue and state.', ['queue', 'state']);
  const ofQueue = (name: string, help: string) => gauge(name, help, ['queue']);
  const oldest = ofQueue('sluice_queue_oldest_age_seconds', 'How long the oldest work of a queue waits.');
  const bytes = ofQueue('sluice_queue_backlog_bytes', 'Bytes of objects whose work waits in a queue or is under way.');
  const objects = ofQueue('sluice_queue_backlog_objects', 'Objects whose work waits in a queue or is under way.');
  const seconds = ofQueue('sluice_queue_backlog_seconds', 'What the backlog of a queue takes one worker.');
  const workers = ofQueue('sluice_queue_workers', 'Worker processes that attend a queue.');
  const paused = ofQueue('sluice_queue_paused', '1 while a queue is paused.');
  const desired = gauge('sluice_scale_desired_workers', 'Workers that the work of all queues asks for.');
  const all = [jobs, oldest, bytes, objects, seconds, workers, paused];
  const settings = {
    concurrency: config.worker.concurrency,
    drainSeconds: config.scale.drainMs / 1000,
    oldestSeconds: config.scale.oldestMs / 1000,
  };
  return async () => {
    const [counts, { demands, pace }] = await Promise.all([
      Promise.all(JOB_KINDS.map((kind) => queue.counts(kind))),
      readDemands(options, JOB_KINDS),
    ]);
    for (const one of all) one.reset();
    desired.set(decideScale(demands, settings, pace).desired);
    for (const [index, demand] of demands.entries()) {
      const label = { queue: demand.queue };
      for (const state of STATES) jobs.set({ ...label, state }, counts[index]?.[state] ?? 0);
      oldest.set(label, demand.oldestSeconds);
      bytes.set(label, demand.bytes);
      objects.set(label, demand.objects);
      seconds.set(label, decideScale([demand], settings, pace).backlogSeconds);
      workers.set(label, demand.workers);
      paused.set(label, demand.paused ? 1 : 0);
    }
  };
}
