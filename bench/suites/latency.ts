import type { Suite } from '../suite.js';
/** Not yet. */
export const latencySuite: Suite = async () => {};
