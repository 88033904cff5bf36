import type { Suite } from '../suite.js';
/** Not yet. */
export const queueSuite: Suite = async () => {};
