import type { Suite } from '../suite.js';
/** Not yet. */
export const simulationSuite: Suite = async () => {};
