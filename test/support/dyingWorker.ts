import { openServices } from '../../src/cli/services.js';
import { loadConfig } from '../../src/shared/config/load.js';
import { silentLog } from '../../src/shared/telemetry/log.js';
import { startWorker } from '../../src/workers/main.js';

// A worker process that is killed when it wants its first engine, as by a batch that takes all memory.
const services = await openServices({ config: loadConfig(process.argv[2]), logger: silentLog });
const context = services.workerContext();
const die = (): never => {
  process.kill(process.pid, 'SIGKILL');
  throw new Error('expected the end');
};
await startWorker({ context: { ...context, engine: { ...context.engine, open: die } } });
process.send?.(context.holder);
