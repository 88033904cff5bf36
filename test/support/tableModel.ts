import type { EngineSession } from '../../src/shared/engine/port.js';
import type { BatchId } from '../../src/shared/ids.js';
import type { LoadRequest, PresentCount, WriteMode } from '../../src/shared/warehouses/port.js';
import { laterBatch, testObject } from './loadRequests.js';

/** One row of the table `states`: its key, when it is from, and what it says. */
export type State = readonly [id: number, at: number | null, note: string];

/** A batch as a test writes it: the rows of each object, by the object's name. */
export interface StateBatch {
  readonly batch: BatchId;
  readonly objects: Readonly<Record<string, readonly State[]>>;
  /** replace: what the batch is the whole of. */
  readonly scope?: string;
}

/** A batch later than every one before. */
export function stateBatch(objects: StateBatch['objects'], scope?: string): StateBatch {
  return { batch: laterBatch(), objects, ...(scope === undefined ? {} : { scope }) };
}

/** How the rows of `states` meet, by mode. */
export const STATE_KEYS = { key: ['id'], orderBy: ['seen'] } as const;

/** The load of a batch into `states`. */
export function stateLoad(
  session: EngineSession,
  mode: WriteMode,
  { batch, objects, scope }: StateBatch,
  changes: Partial<LoadRequest> = {},
): LoadRequest {
  // One text for all rows: thousands of VALUES would take the engine a second for each time that it reads them.
  const rows = Object.entries(objects).flatMap(([name, states]) =>
    states.map(([id, at, note], row) => [id, at ?? '', note, testObject(name), row].join('|')),
  );
  const field = (at: number, type: string) => `nullif(split_part(line, '|', ${at}), '')::${type}`;
  return {
    batch,
    attempt: 1,
    manifestHash: 'b'.repeat(64),
    table: 'states',
    mode,
    ...(mode === 'upsert' ? STATE_KEYS : {}),
    ...(scope === undefined ? {} : { scope }),
    columns: [
      { name: 'id', type: 'INTEGER' },
      { name: 'seen', type: 'INTEGER' },
      { name: 'note', type: 'VARCHAR' },
    ],
    objects: Object.entries(objects).map(([name, states]) => ({ object: testObject(name), rows: states.length })),
    removes: [],
    artifacts: [],
    source: `(SELECT ${field(1, 'INTEGER')} AS id, ${field(2, 'INTEGER')} AS seen, ${field(3, 'VARCHAR')} AS note,
      ${field(4, 'UUID')} AS _sluice_object, ${field(5, 'BIGINT')} AS _sluice_row
      FROM (SELECT unnest(string_split('${rows.join('\n')}', chr(10))) AS line) ${rows.length === 0 ? 'LIMIT 0' : ''})`,
    session,
    ...changes,
  };
}

interface Stored {
  readonly state: State;
  readonly batch: BatchId;
  readonly object: string;
  readonly row: number;
}

/**
 * What a table holds after batches in any order and any repetition: plain lists, no SQL. An object counts once, by the batch that
 * brought it first; in replace by the newest batch.
 */
export function modelTable(mode: WriteMode, loaded: readonly StateBatch[]): readonly Stored[] {
  const seen = new Set<string>();
  const rowsOf = ({ batch, objects }: StateBatch, fresh: (name: string) => boolean): readonly Stored[] =>
    Object.entries(objects)
      .filter(([name]) => fresh(name))
      .flatMap(([object, states]) => states.map((state, row) => ({ state, batch, object, row })));
  if (mode === 'replace') {
    const newest = new Map<string, StateBatch>();
    for (const one of loaded) {
      const other = newest.get(one.scope ?? '');
      if (other === undefined || other.batch < one.batch) newest.set(one.scope ?? '', one);
    }
    return [...newest.values()].flatMap((one) => rowsOf(one, () => true));
  }
  const all = loaded.flatMap((one) => {
    const rows = rowsOf(one, (name) => !seen.has(name));
    for (const name of Object.keys(one.objects)) seen.add(name);
    return rows;
  });
  if (mode === 'append') return all;
  const byKey = new Map<number, Stored>();
  for (const row of all) {
    const standing = byKey.get(row.state[0]);
    if (standing === undefined || (isNewer(row, standing) && !sameState(row.state, standing.state)))
      byKey.set(row.state[0], row);
  }
  return [...byKey.values()];
}

function isNewer(row: Stored, than: Stored): boolean {
  const measure = ({ state, batch, object, row: place }: Stored) =>
    [state[1] ?? -Infinity, batch, testObject(object), place] as const;
  const [mine, other] = [measure(row), measure(than)];
  const at = mine.findIndex((value, index) => value !== other[index]);
  return at >= 0 && (mine[at] ?? 0) > (other[at] ?? 0);
}

function sameState(one: State, other: State): boolean {
  return one.every((value, index) => value === other[index]);
}

/** The model's rows as a query of `id, seen, note` by all three prints them. */
export function printModel(stored: readonly Stored[]): readonly (readonly (string | null)[])[] {
  return sortRows(stored.map(({ state }) => state.map((value) => (value === null ? null : String(value)))));
}

/** Rows in an order of their own, whatever the order they came in. */
export function sortRows(rows: readonly (readonly (string | null)[])[]): readonly (readonly (string | null)[])[] {
  return rows.toSorted((one, other) => (JSON.stringify(one) < JSON.stringify(other) ? -1 : 1));
}

/** All rows of an object, wherever they went. */
export function accounted({ present, removed = 0, unchanged = 0, overwritten = 0 }: PresentCount): number {
  return present + removed + unchanged + overwritten;
}
