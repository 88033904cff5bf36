import { SluiceError } from '../errors.js';
import type { EngineSession } from './port.js';

/**
 * The same session, whose statements may each take so long: one that does not end is interrupted (its process is killed when it does not
 * obey) and throws ENGINE_TIMEOUT. Copies that stream are not limited: they go as fast as their reader.
 */
export function limitStatements(session: EngineSession, limitMs: number): EngineSession {
  const within = async <T>(work: (signal: AbortSignal) => Promise<T>, signal: AbortSignal | undefined): Promise<T> => {
    const limited = new AbortController();
    const onAbort = () => limited.abort(signal?.reason);
    if (signal?.aborted === true) onAbort();
    signal?.addEventListener('abort', onAbort, { once: true });
    const timer = setTimeout(() => limited.abort(timeout(limitMs)), limitMs);
    try {
      return await work(limited.signal);
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    }
  };
  return {
    ...session,
    run: (sql, signal) => within((limited) => session.run(sql, limited), signal),
    query: (sql, signal) => within((limited) => session.query(sql, limited), signal),
  };
}

function timeout(limitMs: number): SluiceError {
  return new SluiceError('ENGINE_TIMEOUT', `expected the engine's answer within ${limitMs / 1000} s, got none`, {
    facts: { limitMs },
  });
}
