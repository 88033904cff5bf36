import { countOf, listOf, scalarOf, structOf } from '../findings/values.js';
import { BUCKETS } from './sql.js';
import type { EngineRow } from '../engine/port.js';
import type { HotKey } from '../findings/skew.js';
import type { TypeKind } from '../schema/typeKind.js';
import type { KeyCount, Load } from './plan.js';

/** How many keys have how many rows; `weight` keys stand for each that was seen. */
export function readCounts(row: EngineRow, name: string, weight = 1): KeyCount[] {
  return listOf(row, name)
    .map(structOf)
    .map((count) => ({ rows: countOf(count, 'rows'), keys: countOf(count, 'keys') * weight }));
}

/** The loads of the finest layout. */
export function readLoads(row: EngineRow): Load[] {
  return listOf(row, 'loads')
    .map(structOf)
    .map((load) => ({ partition: countOf(load, 'partition'), rows: countOf(load, 'rows') }));
}

/** Hot keys with their share of all rows. */
export function readHotKeys(row: EngineRow, kinds: readonly TypeKind[], rows: number): HotKey[] {
  return listOf(row, 'hot')
    .map(structOf)
    .map((hot) => {
      const values = listOf(hot, 'key').map((value, at) => scalarOf(kinds[at] ?? 'text', String(value)));
      const [single] = values;
      const key = values.length === 1 && single !== undefined ? single : values;
      return { key, rows: countOf(hot, 'rows'), share: countOf(hot, 'rows') / rows };
    });
}

/** The heavy buckets of the first pass. */
export function readHeavy(row: EngineRow): number[] {
  return listOf(row, 'heavy').map(Number);
}

/** Estimated keys from the first pass, by the buckets that stayed empty (linear counting); Infinity when none did, which takes some 700,000 keys. */
export function readKeys(row: EngineRow): number {
  return -BUCKETS * Math.log1p(-countOf(row, 'buckets') / BUCKETS);
}
