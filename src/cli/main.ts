import { setMaxListeners } from 'node:events';
import { runProgram } from './program.js';

// One signal ends many fetches and steps at once; Node's warning at the eleventh listener is noise here.
setMaxListeners(1000);
// Whoever reads may stop reading (`sluice objects orders | head`): the rest is written to nobody, and the exit status stays what it is.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}
await runProgram(process.argv);
