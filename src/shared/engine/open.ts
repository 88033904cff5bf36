import { SluiceError } from '../errors.js';
import { ChildHandle } from './childHandle.js';
import { memoryOf } from './memory.js';
import type { Engine, EngineSession } from './port.js';
import { openSession } from './session.js';

export interface EnginePoolOptions {
  /** Sessions open at once; a further `open` waits for one to close. Default 4. */
  readonly maxChildren?: number;
}

/** Opens the engine. Children start when they are needed and are kept for the next session; idle ones keep no process alive. */
export function openEngine({ maxChildren = 4 }: EnginePoolOptions = {}): Engine {
  const idle: ChildHandle[] = [];
  const busy = new Set<EngineSession>();
  const children = new Set<ChildHandle>();
  const waiting: { resolve: () => void; reject: (error: SluiceError) => void }[] = [];
  let taken = 0;
  let closed = false;

  const release = (child: ChildHandle, reusable: boolean) => {
    child.hold(false);
    if (reusable && !closed) idle.push(child);
    else child.kill();
    const next = waiting.shift();
    if (next === undefined) taken -= 1;
    else next.resolve();
  };
  const takeSeat = async () => {
    if (closed) throw closedError();
    if (taken < maxChildren) taken += 1;
    else await new Promise<void>((resolve, reject) => waiting.push({ resolve, reject }));
  };
  const takeChild = (): ChildHandle => {
    for (let child = idle.pop(); child !== undefined; child = idle.pop()) {
      if (child.end === undefined) return child;
    }
    const child = new ChildHandle();
    children.add(child);
    return child;
  };
  return {
    open: async (options) => {
      await takeSeat();
      const child = takeChild();
      child.hold(true);
      let session: EngineSession | undefined;
      session = await openSession(child, options, (used, reusable) => {
        if (session !== undefined) busy.delete(session);
        release(used, reusable);
      });
      busy.add(session);
      return session;
    },
    memory: () => memoryOf(children),
    close: async () => {
      closed = true;
      for (const { reject } of waiting.splice(0)) reject(closedError());
      for (const child of idle.splice(0)) child.kill();
      await Promise.all([...busy].map((session) => session.close()));
    },
  };
}

function closedError(): SluiceError {
  return new SluiceError('INTERNAL', 'expected an open engine, got a closed one');
}
