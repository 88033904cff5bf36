import { type ChildProcess, fork } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { readTree } from './processTree.js';
import type { Json, Measured, SideAnswer, SideSpec } from './side.js';

const SAMPLE_MS = 100;

type Message =
  | { readonly kind: 'loaded' }
  | { readonly kind: 'ready' }
  | { readonly kind: 'ran'; readonly answer: SideAnswer; readonly wallSeconds: number }
  | { readonly kind: 'digest'; readonly digest: Json }
  | { readonly kind: 'failed'; readonly message: string };

/** Runs one side once in a process of its own. CPU and memory are those of the whole process tree between its `ready` and its end. */
export async function runSide(spec: SideSpec): Promise<Measured> {
  const child = startSide(spec);
  const messages = readMessages(child, spec);
  try {
    await messages('loaded');
    child.send(spec.args ?? {});
    await messages('ready');
    const own = child.pid ?? -1;
    const before = cpuOf(own, spec);
    const memory = watchMemory(own);
    child.send('go');
    const { answer, wallSeconds } = await messages('ran');
    const cpuSeconds = cpuOf(own, spec) - before;
    const peakRssBytes = memory.end();
    child.send('digest');
    const { digest } = await messages('digest');
    await ended(child);
    return { wallSeconds, cpuSeconds, peakRssBytes, answer, digest };
  } finally {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
  }
}

function startSide({ module, name, env = {} }: SideSpec): ChildProcess {
  const fromSource = import.meta.url.endsWith('.ts');
  const ending = fromSource ? 'ts' : 'js';
  const loader = fromSource
    ? ['--import', pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href]
    : ['--enable-source-maps'];
  const moduleUrl = /^(file:|\/)/.test(module) ? module : new URL(`../sides/${module}.${ending}`, import.meta.url).href;
  return fork(fileURLToPath(new URL(`./sideProcess.${ending}`, import.meta.url)), [moduleUrl, name], {
    execArgv: [...loader, ...profiling()],
    stdio: ['ignore', 2, 2, 'ipc'],
    env: { ...process.env, UV_THREADPOOL_SIZE: '16', NODE_NO_WARNINGS: '1', ...env },
  });
}

/** SLUICE_BENCH_CPU_PROFILE names a folder: each side then leaves a V8 profile of its main process there (and runs slower). */
function profiling(): readonly string[] {
  const folder = process.env['SLUICE_BENCH_CPU_PROFILE'];
  return folder === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${folder}`];
}

/** The CPU of the side's processes and of its servers. */
function cpuOf(own: number, { counted = [] }: SideSpec): number {
  return readTree([own, ...counted]).cpuSeconds;
}

function watchMemory(own: number): { end(): number } {
  let peak = readTree([own]).rssBytes;
  const sample = () => (peak = Math.max(peak, readTree([own]).rssBytes));
  const timer = setInterval(sample, SAMPLE_MS);
  return {
    end: () => {
      clearInterval(timer);
      return sample();
    },
  };
}

function readMessages(child: ChildProcess, { title }: SideSpec) {
  const queue: Message[] = [];
  const state: { wake: () => void; failure: Error | undefined } = { wake: () => {}, failure: undefined };
  child.on('message', (message: Message) => {
    if (message.kind === 'failed') state.failure = new Error(`${title}: ${message.message}`);
    else queue.push(message);
    state.wake();
  });
  child.on('exit', (code, signal) => {
    state.failure ??= new Error(`${title}: its process ended early (${signal ?? `exit status ${code}`})`);
    state.wake();
  });
  return async <K extends Exclude<Message['kind'], 'failed'>>(kind: K): Promise<Extract<Message, { kind: K }>> => {
    for (;;) {
      const next = queue.shift();
      if (next !== undefined && next.kind === kind) return next as Extract<Message, { kind: K }>;
      if (next !== undefined) throw new Error(`${title}: expected ${kind}, got ${next.kind}`);
      if (state.failure !== undefined) throw state.failure;
      await new Promise<void>((resolve) => (state.wake = resolve));
    }
  };
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  await new Promise<void>((resolve) => child.once('exit', () => resolve()));
}
