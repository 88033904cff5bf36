import { once, setMaxListeners } from 'node:events';
import { loadConfig } from '../../shared/config/load.js';
import { startWorker } from '../../workers/main.js';
import { openServices } from '../services.js';
import { openPartLog } from '../withServices.js';

// A worker in a process of its own: joins the services that its parent started, tells its name, and ends with its parent.
setMaxListeners(1000);
const services = await openServices({ config: loadConfig(process.argv[2]), logger: openPartLog('demo') });
const context = services.workerContext();
const worker = await startWorker({ context });
process.send?.(context.holder);
await Promise.race([once(process, 'SIGTERM'), once(process, 'disconnect')]);
await worker.stop(2000);
await services.close();
process.disconnect?.();
