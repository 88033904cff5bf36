import { SluiceError } from '../../errors.js';
import type { EngineFault } from '../messages.js';

/** DuckDB's error as a fault of the catalogue. DuckDB gives no codes, only texts that begin with the kind of error. */
export function faultOf(error: unknown): EngineFault {
  if (error instanceof SluiceError) return { code: error.code, message: error.message };
  const message = error instanceof Error ? error.message : String(error);
  if (/No space left on device|max_temp_directory_size|Disk quota exceeded/.test(message))
    return { code: 'SCRATCH_FULL', message };
  if (/^Out of Memory Error|std::bad_alloc|^bad allocation/.test(message)) return { code: 'ENGINE_MEMORY', message };
  if (/^(FATAL|INTERNAL) Error|database has been invalidated/.test(message)) return { code: 'ENGINE_DIED', message };
  return { code: 'ENGINE_QUERY', message };
}
