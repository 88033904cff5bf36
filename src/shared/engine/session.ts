import type { Readable } from 'node:stream';
import type { ChildHandle } from './childHandle.js';
import { openCopyStream, type PipeTurn } from './copyStream.js';
import type { EngineOptions, EngineSession } from './port.js';

const CLOSE_WITHIN_MS = 5_000;

/** Opens DuckDB in a child. `onClose` gets the child back, and whether it may serve another session. */
export async function openSession(
  child: ChildHandle,
  options: EngineOptions,
  onClose: (child: ChildHandle, reusable: boolean) => void,
): Promise<EngineSession> {
  const turn: PipeTurn = { last: Promise.resolve() };
  let closing: Promise<void> | undefined;

  const copies = new Set<Readable>();
  const close = async () => {
    for (const copy of copies) copy.destroy();
    const closed = await child.ask({ kind: 'close' }, AbortSignal.timeout(CLOSE_WITHIN_MS)).then(
      () => true,
      () => false,
    );
    if (!closed) child.kill();
    onClose(child, closed);
  };
  try {
    await child.ask({ kind: 'open', options });
  } catch (error) {
    await close();
    throw error;
  }
  return {
    run: async (sql, signal) => void (await child.ask({ kind: 'run', sql }, signal)),
    query: (sql, signal) => child.ask({ kind: 'query', sql }, signal),
    copyOut: (request) => {
      const copy = openCopyStream(child, turn, request);
      copies.add(copy);
      return copy.once('close', () => copies.delete(copy));
    },
    close: () => (closing ??= close()),
  };
}
