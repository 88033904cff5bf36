import { join } from 'node:path';
import { keysFile } from '../data/events.js';
import { cpu, ratioResult, rss } from '../harness/result.js';
import { runPairs } from '../harness/runPairs.js';
import type { Json } from '../harness/side.js';
import type { Suite } from '../suite.js';

/** Hot keys of 20 million rows with five million keys, over the plain GROUP BY in the same engine. */
export const skewSuite: Suite = async (bench) => {
  const file = await keysFile(bench.quick ? 1_200_000 : 20_000_000);
  const args = { file, scratch: join(bench.scratch, 'engine') };
  const a = { title: 'Sluice skew', module: 'skew', name: 'sluice', args };
  const b = { title: 'GROUP BY', module: 'skew', name: 'groupBy', args };
  const pairs = await runPairs({ a, b, differ: differAtTop }, bench);
  bench.add(ratioResult('skew/over-group-by', pairs, cpu), ratioResult('skew/memory-over-group-by', pairs, rss));
};

/** The hot keys must be the first of the hundred, with the same counts. */
function differAtTop(hot: Json, top: Json): string | undefined {
  if (!Array.isArray(hot) || !Array.isArray(top) || hot.length === 0) return 'expected hot keys, got none';
  const same = JSON.stringify(hot) === JSON.stringify(top.slice(0, hot.length));
  return same ? undefined : `expected ${JSON.stringify(top.slice(0, 5))}, got ${JSON.stringify(hot.slice(0, 5))}`;
}
