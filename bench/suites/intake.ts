import type { Suite } from '../suite.js';
/** Not yet. */
export const intakeSuite: Suite = async () => {};
