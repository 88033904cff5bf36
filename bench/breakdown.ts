import type { Bench } from './suite.js';
/** Not yet. */
export async function printBreakdown(_bench: Bench, _json: boolean): Promise<void> {}
