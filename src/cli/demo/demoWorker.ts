import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { systemClock } from '../../shared/clock.js';
import { SluiceError } from '../../shared/errors.js';
import { forkModule } from '../../shared/processes.js';
import { startWorker } from '../../workers/main.js';
import type { Output } from '../output.js';
import type { ProgressCounts } from '../run/progress.js';
import type { Services } from '../services.js';

/** Something that was done to the demo on purpose. */
export interface Fault {
  readonly kind: 'worker killed' | 'redis emptied';
  /** Files that were done at that moment. */
  readonly filesDone: number;
}

/** The demo's worker, however it runs. */
export interface DemoWorker {
  /** Resolves when everything that shall be done to it has been done. */
  settle(signal: AbortSignal): Promise<void>;
  faults(): readonly Fault[];
  stop(): Promise<void>;
}

export interface DemoWorkerOptions {
  readonly pullThePlug: boolean;
  readonly count: () => Promise<ProgressCounts>;
  readonly output: Output;
}

const STOP_MS = 5000;
const WATCH_MS = 50;

/** Starts the demo's worker: in this process, or, where the plug is to be pulled, in one that can be killed. */
export async function startDemoWorker(services: Services, options: DemoWorkerOptions): Promise<DemoWorker> {
  if (options.pullThePlug) return startVictim(services, options);
  const worker = await startWorker({ context: services.workerContext() });
  return { settle: async () => {}, faults: () => [], stop: () => worker.stop(STOP_MS) };
}

/** A worker process that is killed (SIGKILL) in the middle of its work, Redis emptied with it, and then started again. */
async function startVictim(services: Services, { count, output }: DemoWorkerOptions): Promise<DemoWorker> {
  const faults: Fault[] = [];
  let worker = await forkWorker(services);
  const stopping = new AbortController();
  const pulled = (async () => {
    const filesDone = await untilMidway(count, stopping.signal);
    worker.child.kill('SIGKILL');
    await once(worker.child, 'exit');
    faults.push({ kind: 'worker killed', filesDone });
    await services.queue().flush();
    faults.push({ kind: 'redis emptied', filesDone });
    output.note(`worker killed and Redis emptied after ${filesDone} files`);
    await services.ledger.recovery.expireHolder(worker.holder);
    worker = await forkWorker(services);
    output.note('worker started again; the ledger knows what is left');
  })();
  pulled.catch(() => {});
  return {
    settle: (signal) => withSignal(pulled, signal),
    faults: () => faults,
    stop: async () => {
      stopping.abort(new SluiceError('HANDED_BACK', 'the demo is ending'));
      await pulled.catch(() => {});
      await end(worker.child);
    },
  };
}

/** Until some files are done but not all: the worker is then in the middle of others. */
async function untilMidway(count: () => Promise<ProgressCounts>, signal: AbortSignal): Promise<number> {
  for (;;) {
    const { done } = await count();
    if (done > 0) return done;
    await systemClock.sleep(WATCH_MS, signal);
  }
}

interface ForkedWorker {
  readonly child: ChildProcess;
  /** Its name in leases. */
  readonly holder: string;
}

async function forkWorker({ config }: Services): Promise<ForkedWorker> {
  const child = forkModule(new URL('./workerProcess.js', import.meta.url), [config.file ?? '']);
  return new Promise((resolve, reject) => {
    child.once('message', (holder) => resolve({ child, holder: String(holder) }));
    child.once('exit', (code) =>
      reject(new SluiceError('SERVICE_NOT_STARTED', `expected a worker process, got its end (exit status ${code})`)),
    );
  });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}

async function withSignal(work: Promise<void>, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const aborted = new Promise<never>((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
  await Promise.race([work, aborted]);
}
