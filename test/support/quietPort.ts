import { isPortFree } from '../../src/embedded/ports.js';

/** Below what systems hand out to connections and to servers that ask for any port (Linux from 32,768, others from 49,152). */
const [FIRST, COUNT] = [20_000, 12_000];

/** Processes begin far from each other. */
let next = (process.pid * 97) % COUNT;

/**
 * A port that nobody is given by chance: a test may close and bind it again. A port of `listen(0)` may go to somebody else in between.
 * Each call gives another one.
 */
export async function quietPort(): Promise<number> {
  for (let tries = 0; tries < COUNT; tries++) {
    const port = FIRST + (next++ % COUNT);
    if (await isPortFree(port)) return port;
  }
  throw new Error('expected a free port, got none');
}
