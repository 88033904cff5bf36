import type { Column } from './columns.js';
import { keptType } from './keptType.js';
import { type ColumnChange, widenType } from './merge.js';

/** How a column of a quarantined object breaks the schema, as the reason of its quarantine tells it. */
export interface ColumnBreak {
  readonly column: string;
  /** Its type in the schema; absent: the schema has no such column. */
  readonly from?: string;
  /** Its type in the object. */
  readonly to: string;
}

/** What the reason of a file ends in that has none of the dataset's columns. */
export const STRANGER = "; the object has none of the dataset's columns";
const CHANGED =
  /^column (.+): expected (.+?), got (.+?)(?: in \d+ rows?, first in row \d+|; the object has none .*)?$/s;
const NEW = /^no such column$/;

/** Reads the reason of a TYPE_CHANGED or COLUMN_MISMATCH; undefined for one that no change of the schema mends (a missing column, two of one name). */
export function readBreak(code: string | undefined, reason: string | undefined): ColumnBreak | undefined {
  const [, column, expected, got] = CHANGED.exec(reason ?? '') ?? [];
  if (column === undefined || expected === undefined || got === undefined) return undefined;
  if (code === 'COLUMN_MISMATCH' && NEW.test(expected)) return { column, to: got.replace(/^one of type /, '') };
  return code === 'TYPE_CHANGED' ? { column, from: expected, to: got } : undefined;
}

/** What accepting the breaks makes of the schema. */
export interface AcceptedSchema {
  readonly columns: readonly Column[];
  readonly changes: readonly ColumnChange[];
}

/**
 * The schema that takes the breaks in: each column becomes the widest type of its breaks, and text where they have none in
 * common. A column that was changed since its objects broke stays as it is. `as` names the type of a column instead; one that Parquet
 * does not keep becomes the one that holds it. Pure.
 */
export function acceptBreaks(
  schema: readonly Column[],
  breaks: readonly ColumnBreak[],
  as: ReadonlyMap<string, string> = new Map(),
): AcceptedSchema {
  const wanted = new Map<string, { readonly name: string; readonly type: string }>();
  for (const { column, from, to } of breaks) {
    const key = column.toLowerCase();
    const known = schema.find(({ name }) => name.toLowerCase() === key);
    if (known === undefined ? from !== undefined : from !== known.type) continue;
    const before = wanted.get(key)?.type;
    const asked = as.get(key);
    const type =
      (asked === undefined ? undefined : (keptType(asked) ?? asked)) ??
      (before === undefined ? to : (widenType(before, to) ?? 'VARCHAR'));
    wanted.set(key, { name: known?.name ?? column, type: type === 'NULL' ? 'VARCHAR' : type });
  }
  const columns = schema.map((column) => wanted.get(column.name.toLowerCase()) ?? column);
  const known = new Set(schema.map(({ name }) => name.toLowerCase()));
  const fresh = [...wanted].filter(([key]) => !known.has(key)).map(([, column]) => column);
  const all = [...columns, ...fresh];
  return { columns: all, changes: diffSchemas(schema, all).filter(isChange) };
}

/** One difference between two versions of a schema; without `to`: the column went. */
export interface SchemaDifference {
  readonly column: string;
  readonly from?: string;
  readonly to?: string;
}

/** What changed from one version to another, in the order of the newer one. Pure. */
export function diffSchemas(before: readonly Column[], after: readonly Column[]): readonly SchemaDifference[] {
  const types = (columns: readonly Column[]) => new Map(columns.map(({ name, type }) => [name.toLowerCase(), type]));
  const [old, now] = [types(before), types(after)];
  const gone = before.filter(({ name }) => !now.has(name.toLowerCase()));
  return [
    ...after.flatMap(({ name: column, type: to }): readonly SchemaDifference[] => {
      const from = old.get(column.toLowerCase());
      if (from === to) return [];
      return [from === undefined ? { column, to } : { column, from, to }];
    }),
    ...gone.map(({ name: column, type: from }) => ({ column, from })),
  ];
}

function isChange(difference: SchemaDifference): difference is ColumnChange {
  return difference.to !== undefined;
}
