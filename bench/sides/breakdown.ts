import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { openServices } from '../../src/cli/services.js';
import type { Engine, EngineSession } from '../../src/shared/engine/port.js';
import type { Step } from '../../src/shared/ledger/port.js';
import { handleCheck } from '../../src/workers/check/handler.js';
import { handleCompact } from '../../src/workers/compact/handler.js';
import type { WorkerContext } from '../../src/workers/context.js';
import { handleLoad } from '../../src/workers/load/handler.js';
import { handlePlan } from '../../src/workers/plan/handler.js';
import { handleProfile } from '../../src/workers/profile/handler.js';
import { runSteps, type StepHandler, type StepHandlers } from '../../src/workers/runSteps.js';
import { handleSkew } from '../../src/workers/skew/handler.js';
import { configOf } from '../configOf.js';
import { readTree } from '../harness/processTree.js';
import { type Args, numberOf, type OpenSide, textOf } from '../harness/side.js';

const NEVER = new AbortController().signal;

/** Seconds of waiting and calls, by what was waited for; and of each step seconds and CPU. */
class Tally {
  readonly parts = new Map<string, { seconds: number; calls: number }>();
  readonly steps = new Map<string, { seconds: number; cpuSeconds: number; calls: number }>();
  /** The step that runs now; the job's steps run one after the other. */
  step = '';

  add(part: string, seconds: number): void {
    const name = `${this.step}: ${part}`;
    const known = this.parts.get(name) ?? { seconds: 0, calls: 0 };
    this.parts.set(name, { seconds: known.seconds + seconds, calls: known.calls + 1 });
  }

  async time<T>(part: string, work: () => Promise<T>): Promise<T> {
    const started = performance.now();
    try {
      return await work();
    } finally {
      this.add(part, (performance.now() - started) / 1000);
    }
  }
}

/** Runs every batch of the files under `raw/` through all steps, one after the other, and tells where the time went. */
export async function batches(args: Args): Promise<OpenSide> {
  const folder = textOf(args, 'scratch');
  mkdirSync(folder, { recursive: true });
  const config = configOf({
    redisUrl: textOf(args, 'redisUrl'),
    ledgerUrl: textOf(args, 'ledgerUrl'),
    targetUrl: textOf(args, 'targetUrl'),
    s3Url: textOf(args, 's3Url'),
    folder,
    datasets: `  events:
    source: { prefix: raw/ }
    batch: { targetBytes: 4GB, maxFiles: ${numberOf(args, 'maxFiles')}, maxWait: 0s }
    load: [{ target: warehouse, table: events, mode: append }]`,
  });
  const services = await openServices({ config });
  const tally = new Tally();
  const servers = (args['counted'] ?? []) as readonly number[];
  const context = instrumented({ ...services.workerContext({ closeNow: true }), scratch: join(folder, 'work') }, tally);
  const handlers = stepHandlers(tally, () => readTree([process.pid, ...servers]).cpuSeconds);
  const runAll = async () => {
    for (const batch of await context.ledger.read.batches('events', 10_000)) {
      if (batch.state !== 'planned') continue;
      const payload = { v: 1, batch: batch.batch, dataset: 'events', target: '', table: '', dispatch: 1 } as const;
      await runSteps(context, { step: 'compact', payload, handlers, signal: NEVER });
    }
  };
  for (const dataset of config.datasets) await context.sweep(dataset, NEVER);
  const run = async () => {
    tally.step = 'plan';
    await handlePlan(context, { v: 1, dataset: 'events', partition: '', dispatch: 1, closeNow: true });
    await runAll();
    return { facts: { steps: Object.fromEntries(tally.steps), parts: Object.fromEntries(tally.parts) } };
  };
  const digest = async () => (await context.ledger.objects.counts()).map(({ state, objects }) => ({ state, objects }));
  return { run, digest, close: () => services.close() };
}

function stepHandlers(tally: Tally, cpuNow: () => number): StepHandlers {
  const timed =
    (step: Step, handler: StepHandler): StepHandler =>
    async (context, work) => {
      tally.step = step;
      const [started, cpu] = [performance.now(), cpuNow()];
      try {
        return await handler(context, work);
      } finally {
        const known = tally.steps.get(step) ?? { seconds: 0, cpuSeconds: 0, calls: 0 };
        tally.steps.set(step, {
          seconds: known.seconds + (performance.now() - started) / 1000,
          cpuSeconds: known.cpuSeconds + cpuNow() - cpu,
          calls: known.calls + 1,
        });
        tally.step = 'between';
      }
    };
  return {
    compact: timed('compact', handleCompact),
    profile: timed('profile', handleProfile),
    skew: timed('skew', handleSkew),
    check: timed('check', handleCheck),
    load: timed('load', handleLoad),
  };
}

function instrumented(context: WorkerContext, tally: Tally): WorkerContext {
  const group = <T extends object>(name: string, target: T): T =>
    new Proxy(target, {
      get: (real, key) => {
        const value: unknown = Reflect.get(real, key);
        if (typeof value === 'object' && value !== null) return group(name, value);
        if (typeof value !== 'function') return value;
        return (...given: unknown[]): unknown => {
          const answer: unknown = Reflect.apply(value, real, given);
          return answer instanceof Promise ? tally.time(name, () => answer) : answer;
        };
      },
    });
  return {
    ...context,
    ledger: group('ledger', context.ledger),
    queue: group('queue', context.queue),
    lake: group('put', context.lake),
    sourceStore: (dataset) => group('fetch', context.sourceStore(dataset)),
    warehouse: (target) => group('write to the target', context.warehouse(target)),
    engine: instrumentedEngine(context.engine, tally),
  };
}

function instrumentedEngine(engine: Engine, tally: Tally): Engine {
  return {
    close: () => engine.close(),
    memory: () => engine.memory(),
    open: async (options) => {
      const session = await tally.time('open the engine', () => engine.open(options));
      const timed: EngineSession = {
        run: (sql, signal) => tally.time(partOf(sql), () => session.run(sql, signal)),
        query: (sql, signal) => tally.time(partOf(sql), () => session.query(sql, signal)),
        copyOut: (request) => session.copyOut(request),
        close: () => tally.time('close the engine', () => session.close()),
      };
      return timed;
    },
  };
}

function partOf(sql: string): string {
  return sql.trimStart().startsWith('COPY') ? 'decode and encode' : 'query the engine';
}
