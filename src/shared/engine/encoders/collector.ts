import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** A call that collects garbage now: DuckDB's results are freed by nothing else, and their size is unknown to it. */
export function openCollector(): () => void {
  setFlagsFromString('--expose_gc');
  const collect: unknown = runInNewContext('gc');
  return () => {
    if (typeof collect === 'function') collect();
  };
}
