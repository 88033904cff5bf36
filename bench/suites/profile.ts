import { join } from 'node:path';
import { eventsFile } from '../data/events.js';
import { cpu, ratioResult } from '../harness/result.js';
import { runPairs } from '../harness/runPairs.js';
import type { Suite } from '../suite.js';

/** The profile of one Parquet file of 20 columns, over SUMMARIZE and over one decode of all columns, and twelve row rules over one scan, in the same engine. */
export const profileSuite: Suite = async (bench) => {
  const file = await eventsFile(bench.quick ? 20_000 : 4_000_000);
  const args = { file, scratch: join(bench.scratch, 'engine') };
  const a = { title: 'Sluice profile', module: 'profile', name: 'sluice', args };
  const summarize = { title: 'SUMMARIZE', module: 'profile', name: 'summarize', args };
  const decode = { title: 'decode', module: 'profile', name: 'decode', args };
  bench.add(ratioResult('profile/over-summarize', await runPairs({ a, b: summarize }, bench), cpu));
  bench.add(ratioResult('profile/over-decode', await runPairs({ a, b: decode }, bench), cpu));
  const rules = { title: '12 row rules', module: 'check', name: 'rules', args };
  const scan = { title: 'one scan', module: 'check', name: 'scan', args };
  bench.add(ratioResult('profile/rules-over-scan', await runPairs({ a: rules, b: scan }, bench), cpu));
};
