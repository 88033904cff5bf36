import type { Suite } from '../suite.js';
/** Not yet. */
export const postgresSuite: Suite = async () => {};
