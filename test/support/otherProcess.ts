import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { z } from 'zod';
import { processMark } from '../../src/embedded/processTable.js';
import { forkModule } from '../../src/shared/processes.js';

const answerSchema = z.object({ pid: z.number().optional(), url: z.string().optional(), error: z.string().optional() });

/** Another process that started (or was refused) an embedded service. */
export interface OtherProcess {
  readonly child: ChildProcess;
  /** Of the server it started. */
  readonly pid: number | undefined;
  readonly url: string | undefined;
  readonly error: string | undefined;
  /** Kills it as nobody can prepare for. */
  kill(): Promise<void>;
  /** Lets it end by itself, without closing what it started. */
  end(): Promise<void>;
}

/** Starts a service in another process. It is killed after the test at the latest. */
export async function inOtherProcess(what: 'folder' | 'postgres' | 'redis', place: string): Promise<OtherProcess> {
  const child = forkModule(new URL('./holder.js', import.meta.url), [what, place], { stdio: 'inherit' });
  onTestFinished(() => void child.kill('SIGKILL'));
  const ended = once(child, 'exit');
  const [message] = await once(child, 'message');
  const { pid, url, error } = answerSchema.parse(message);
  const kill = async () => {
    child.kill('SIGKILL');
    await ended;
  };
  const end = async () => {
    child.send('end');
    await ended;
  };
  return { child, pid, url, error, kill, end };
}

/** Resolves once the process is gone; rejects after `limitMs`. */
export async function gone(pid: number, limitMs = 60_000): Promise<void> {
  for (const until = Date.now() + limitMs; processMark(pid) !== undefined; await delay(10)) {
    if (Date.now() > until) throw new Error(`process ${pid} lives on after ${limitMs} ms`);
  }
}
