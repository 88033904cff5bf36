import { skewSource } from '../../src/shared/skew/skewSource.js';
import type { Args, Json, OpenSide } from '../harness/side.js';
import { openFile } from './profile.js';

/** How skewed the key `k` is, with its hot keys. */
export async function sluice(args: Args): Promise<OpenSide> {
  const { session, source, close } = await openFile(args);
  let seen: Json = null;
  const run = async () => {
    const report = await skewSource({ session, source, key: ['k'] });
    seen = report.hotKeys.map(({ key, rows }) => [String(key), rows]);
    return { units: report.rows, facts: { keysMethod: report.keysMethod, hotKeys: report.hotKeys.length } };
  };
  return { run, digest: async () => seen, close };
}

/** The hundred most frequent keys, by grouping all. */
export async function groupBy(args: Args): Promise<OpenSide> {
  const { session, source, close } = await openFile(args);
  let seen: Json = null;
  const run = async () => {
    const rows = await session.query(`SELECT k, count(*) AS n FROM ${source} GROUP BY k ORDER BY n DESC, k LIMIT 100`);
    seen = rows.map((row) => [String(row['k']), Number(row['n'])]);
    return {};
  };
  return { run, digest: async () => seen, close };
}
