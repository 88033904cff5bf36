import type { Suite } from '../suite.js';
/** Not yet. */
export const peersSuite: Suite = async () => {};
