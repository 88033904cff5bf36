import { SluiceError } from '../errors.js';
import type { EngineSession } from './port.js';

/** Functions that every session has, beside DuckDB's own. */
export const TALLY_FUNCTIONS = { add: 'sluice_tally', take: 'sluice_take_tally' } as const;

/** What passed by under one number: the rows, and the sum of their hashes, which no order of the rows changes. */
export interface Tally {
  readonly rows: number;
  readonly sum: bigint;
}

export interface TakenTally {
  /** DuckDB's version: hashes of another one may differ. */
  readonly engine: string;
  /** By number. */
  readonly tallies: ReadonlyMap<number, Tally>;
}

let lastSlot = 0;

/** A slot that no other statement of this process counts in. */
export function nextSlot(): number {
  lastSlot = (lastSlot % 0x7fffffff) + 1;
  return lastSlot;
}

/** True for every row; on the way it adds the row's hash to the sum under `number` in the slot. */
export function tallySql(slot: number, number: string, hash: string): string {
  return `${TALLY_FUNCTIONS.add}(${slot}::INTEGER, CAST(${number} AS INTEGER), ${hash})`;
}

/** Reads what was counted in a slot, and forgets it. */
export async function takeTally(session: EngineSession, slot: number, signal?: AbortSignal): Promise<TakenTally> {
  const [row] = await session.query(`SELECT ${TALLY_FUNCTIONS.take}(${slot}::INTEGER) AS tally`, signal);
  const [engine, ...entries] = String(row?.tally).split(' ');
  const tallies = entries.map((entry): [number, Tally] => {
    const [number, rows, sum] = entry.split(':');
    if (number === undefined || rows === undefined || sum === undefined)
      throw new SluiceError('INTERNAL', `expected a tally, got ${entry}`);
    return [Number(number), { rows: Number(rows), sum: BigInt(sum) }];
  });
  return { engine: engine ?? '', tallies: new Map(tallies) };
}
