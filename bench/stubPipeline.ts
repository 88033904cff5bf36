import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { openIntake } from '../src/producers/intake.js';
import { routerOf } from '../src/producers/main.js';
import { systemClock } from '../src/shared/clock.js';
import { parseConfig } from '../src/shared/config/load.js';
import type { Step, StepDispatch } from '../src/shared/ledger/port.js';
import { type Ledger } from '../src/shared/ledger/port.js';
import { openLedger } from '../src/shared/ledger/open.js';
import type { Manifest } from '../src/shared/ledger/manifest.js';
import { openQueue } from '../src/shared/queue/open.js';
import type { JobProcessor, QueueWorker } from '../src/shared/queue/port.js';
import { silentLog } from '../src/shared/telemetry/log.js';
import type { WorkerContext } from '../src/workers/context.js';
import { handlePlan } from '../src/workers/plan/handler.js';
import { type Handlers, runJob } from '../src/workers/runJob.js';
import { runSteps, type StepHandlers, type StepWork } from '../src/workers/runSteps.js';

/** How long the work on data takes of one batch, a step each, in ms; absent: no time at all. */
export type StepTimes = Partial<Readonly<Record<Step, number>>>;

export interface StubOptions {
  readonly redisUrl: string;
  readonly ledgerUrl: string;
  readonly datasets: number;
  readonly workers: number;
  readonly maxFiles: number;
  readonly scratch: string;
  readonly times?: StepTimes;
  /** Told when a batch became visible in its (absent) target. */
  readonly onLoaded?: (work: StepWork) => void;
}

/** The real intake, ledger, queue, plan, leases and commits, with the work on data left out. */
export interface StubPipeline {
  readonly ledger: Ledger;
  readonly prefix: string;
  readonly facts: { batches: number; planMs: number };
  /** Records arrivals through the intake, `perRequest` at a time, 8 requests at once. */
  record(keys: Iterable<string>, perRequest?: number): Promise<void>;
  startWorkers(): Promise<void>;
  /** Resolves when `count` objects are loaded in all. */
  loaded(count: number): Promise<void>;
  close(): Promise<void>;
}

const LATER_STEPS = ['profile', 'skew', 'check', 'load'] as const;

/** The name of the i-th dataset. */
export function datasetName(index: number): string {
  return `d${String(index).padStart(5, '0')}`;
}

/** Opens it all; nothing runs before `startWorkers`. */
export async function openStubPipeline(options: StubOptions): Promise<StubPipeline> {
  const { redisUrl, ledgerUrl, scratch } = options;
  mkdirSync(scratch, { recursive: true });
  const config = stubConfig(options);
  const prefix = `{b${randomBytes(4).toString('hex')}}`;
  const ledger = await openLedger({ url: ledgerUrl, maxConnections: 8 });
  await ledger.migrate();
  const queue = await openQueue({ url: redisUrl, prefix });
  const router = routerOf(config, { lake: { bucket: 'lake' }, sources: new Map() });
  const intake = openIntake({ ledger, queue, datasets: config.datasets, router, logger: silentLog });
  const facts = { batches: 0, planMs: 0 };
  const workers: QueueWorker[] = [];
  const closers: (() => Promise<void>)[] = [];
  const absent = () => {
    throw new Error('expected no work on data');
  };
  const contextOf = (own: { ledger: Ledger; queue: WorkerContext['queue'] }, holder: string): WorkerContext => ({
    config,
    ...own,
    engine: { open: absent, memory: async () => ({ processes: 0, bytes: 0 }), close: async () => {} },
    sourceStore: absent,
    lake: absentStore(),
    warehouse: absent,
    restoreSchedules: async () => {},
    sweep: absent,
    clock: systemClock,
    logger: silentLog,
    holder,
    scratch,
    closeNow: true,
  });
  const shared = Math.max(1, Math.ceil(options.workers / 50));
  const startWorkers = async () => {
    const ledgers = await Promise.all(
      Array.from({ length: shared }, () =>
        openLedger({ url: ledgerUrl, maxConnections: options.workers > 50 ? 16 : 4 }),
      ),
    );
    closers.push(...ledgers.map((own) => () => own.close()));
    for (let index = 0; index < options.workers; index++) {
      const own = ledgers[index % shared] ?? ledger;
      const handlers = stubHandlers(contextOf({ ledger: own, queue }, `worker-${index}`), options, facts);
      const run: JobProcessor = (job, signal) => runJob(job, handlers, { signal, logger: silentLog });
      workers.push(await queue.work({ kinds: ['plan', 'compact'], concurrency: 1 }, run));
      // A later step that failed (a ledger that kept one waiting too long) comes back by itself; of these there are few.
      if (index === 0) workers.push(await queue.work({ kinds: LATER_STEPS, concurrency: 4 }, run));
    }
  };
  return {
    ledger,
    prefix,
    facts,
    record: (keys, perRequest = 10) => recordAll(intake, keys, perRequest),
    startWorkers,
    loaded: async (count) => {
      for (;;) {
        const counts = await ledger.objects.counts();
        const done = counts.filter(({ state }) => state === 'loaded').reduce((sum, { objects }) => sum + objects, 0);
        if (done >= count) return;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    },
    close: async () => {
      await Promise.all(workers.map((worker) => worker.stop(1000)));
      await Promise.all(closers.map((close) => close()));
      await queue.close();
      await ledger.close();
    },
  };
}

function stubConfig({ datasets, maxFiles }: StubOptions) {
  const lines = Array.from({ length: datasets }, (_, index) => {
    const name = datasetName(index);
    return `  ${name}: { source: { prefix: raw/${name}/ }, batch: { maxFiles: ${maxFiles}, targetBytes: 1TB, maxWait: 0s }, load: [{ target: warehouse, table: ${name}, mode: append }] }`;
  });
  const text = `version: 1
lake: { url: "s3://lake" }
targets: { warehouse: { type: postgres, url: "postgresql://nowhere/x" } }
datasets:
${lines.join('\n')}`;
  const answer = parseConfig(text, { folder: '/' }, {});
  if (answer.kind === 'config') return answer.config;
  throw new Error(JSON.stringify(answer.faults.slice(0, 3)));
}

async function recordAll(
  intake: ReturnType<typeof openIntake>,
  keys: Iterable<string>,
  perRequest: number,
): Promise<void> {
  const left = keys[Symbol.iterator]();
  const take = () => {
    const slice: string[] = [];
    for (let next = left.next(); !next.done; next = left.next()) if (slice.push(next.value) === perRequest) break;
    return slice;
  };
  const one = async () => {
    for (let slice = take(); slice.length > 0; slice = take()) {
      const arrivals = slice.map((key) => ({
        bucket: 'lake',
        key,
        eTag: 'd41d8cd98f00b204e9800998ecf8427e',
        size: 200_000,
      }));
      await intake({ source: 'webhook', arrivals, ignored: [] });
    }
  };
  await Promise.all(Array.from({ length: 8 }, one));
}

function stubHandlers(context: WorkerContext, options: StubOptions, facts: StubPipeline['facts']): Handlers {
  const { times = {}, onLoaded = () => {} } = options;
  const wait = async (step: Step) => {
    const ms = times[step];
    if (ms !== undefined) await new Promise((resolve) => setTimeout(resolve, ms));
  };
  const finding =
    (kind: 'profile' | 'skew' | 'check') =>
    async (_: WorkerContext, { claim }: StepWork) => {
      await wait(kind);
      return context.ledger.steps.commitFindings(claim, [{ kind, name: '', data: { rows: 1, columns: [] } }], false);
    };
  const steps: StepHandlers = {
    compact: async (_, work) => {
      await wait('compact');
      return context.ledger.steps.commitCompact(work.claim, stubManifest(work), new Date());
    },
    profile: finding('profile'),
    skew: finding('skew'),
    check: finding('check'),
    load: async (_, work): Promise<readonly StepDispatch[]> => {
      await wait('load');
      await context.ledger.steps.commitLoad(work.claim, { rows: work.objects.length * 1000, committedAt: new Date() });
      facts.batches++;
      onLoaded(work);
      return [];
    },
  };
  const step =
    (name: Step): Handlers['compact'] =>
    (payload, signal) =>
      runSteps(context, { step: name, payload, handlers: steps, signal });
  return {
    plan: async (payload) => {
      const started = performance.now();
      const outcome = await handlePlan(context, payload);
      facts.planMs += performance.now() - started;
      return outcome;
    },
    compact: step('compact'),
    profile: step('profile'),
    skew: step('skew'),
    check: step('check'),
    load: step('load'),
    maintain: async () => ({ kind: 'done' }),
  };
}

function stubManifest({ claim, row, objects }: StepWork): Manifest {
  const { batch, attempt, dataset, partition } = claim;
  const rows = objects.length * 1000;
  const sha256 = '0'.repeat(64);
  return {
    version: 1,
    batch,
    attempt,
    dataset,
    partition,
    schemaVersion: 1,
    configHash: '0'.repeat(64),
    columns: [{ name: 'id', type: 'BIGINT' }],
    artifacts: [{ key: join('curated', `${batch}-${attempt}.parquet`), eTag: 'e', bytes: 1000, rows, sha256 }],
    objects: objects.map(({ object }) => ({
      object,
      kind: 'included',
      rows: 1000,
      sha256: object.replaceAll('-', '').padEnd(64, '0'),
    })),
    rows: { in: rows, out: rows },
    bytes: { in: row.bytesIn, out: 1000 },
  };
}

function absentStore(): WorkerContext['lake'] {
  const absent = () => {
    throw new Error('expected no object store');
  };
  return {
    bucket: 'lake',
    uri: (key) => `s3://lake/${key}`,
    list: absent,
    head: absent,
    getToFile: absent,
    putFile: absent,
    delete: absent,
    tag: absent,
    retire: absent,
  };
}
