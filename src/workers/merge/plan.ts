import type { MergeUnit } from '../../shared/ledger/port.js';

export interface MergeLimits {
  readonly targetBytes: number;
  /** How often at most a row is written anew. */
  readonly generations: number;
}

/** An artifact of less than this share of the target is small. */
export const SMALL = 0.75;
/** So many small artifacts are worth a merge, whatever they hold: each merge makes a fifth of them or fewer. */
const FEWEST = 5;
/** Artifacts that one merge opens at once, and columns of all of them: what is open costs memory beside the engine's limit. */
const MOST = 2000;
const MOST_COLUMNS = 60_000;

/**
 * Which units are merged into one artifact each. Only units of one partition, with the same columns, and written anew as often as each
 * other: so a row is written once for each time that the artifacts grow fivefold. A group is worth it with five artifacts, or when they
 * fill most of the target. Oldest first. Pure.
 */
export function planMerges(
  units: readonly MergeUnit[],
  { targetBytes, generations }: MergeLimits,
): readonly (readonly MergeUnit[])[] {
  const groups = new Map<string, MergeUnit[]>();
  for (const unit of units.filter(({ generation }) => generation < generations)) {
    const key = JSON.stringify([unit.partition, unit.generation, unit.columns]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [unit]);
    else group.push(unit);
  }
  return [...groups.values()].flatMap((group) => pack(group, targetBytes)).filter((pile) => isWorth(pile, targetBytes));
}

function pack(group: readonly MergeUnit[], targetBytes: number): readonly (readonly MergeUnit[])[] {
  const most = Math.min(MOST, Math.floor(MOST_COLUMNS / ((group[0]?.columns.length ?? 0) + 2)));
  const piles: MergeUnit[][] = [];
  let [bytes, files] = [Infinity, 0];
  for (const unit of group) {
    const [ownBytes, ownFiles] = [bytesOf([unit]), unit.artifacts.length];
    if (bytes + ownBytes > targetBytes || files + ownFiles > most) {
      piles.push([]);
      [bytes, files] = [0, 0];
    }
    piles.at(-1)?.push(unit);
    bytes += ownBytes;
    files += ownFiles;
  }
  return piles;
}

function isWorth(pile: readonly MergeUnit[], targetBytes: number): boolean {
  const files = pile.reduce((sum, { artifacts }) => sum + artifacts.length, 0);
  return files >= FEWEST || (files > 1 && bytesOf(pile) >= targetBytes * SMALL);
}

function bytesOf(units: readonly MergeUnit[]): number {
  return units.flatMap(({ artifacts }) => artifacts).reduce((sum, { bytes }) => sum + bytes, 0);
}
