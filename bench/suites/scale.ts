import type { Suite } from '../suite.js';
/** Not yet. */
export const scaleSuite: Suite = async () => {};
