import { setMaxListeners } from 'node:events';
import { runProgram } from './program.js';

// One signal ends many fetches and steps at once; Node's warning at the eleventh listener is noise here.
setMaxListeners(1000);
await runProgram(process.argv);
