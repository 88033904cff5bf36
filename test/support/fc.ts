import fc from 'fast-check';
import { SEED } from './dice.js';

fc.configureGlobal({ seed: SEED });

/** fast-check with the cases of `SEED`: each run tries the same ones. */
export { fc };
