import { SluiceError } from '../../../errors.js';
import { quoteName } from '../../../schema/columns.js';
import type { LoadRequest } from '../../port.js';
import type { TableName } from '../identifiers.js';
import { quoteTable } from '../identifiers.js';
import type { WireColumn } from '../planTable.js';

/** The columns of a merge, by their names in the table. */
export interface MergeNames {
  readonly key: readonly string[];
  readonly orderBy: readonly string[];
  /** All columns that the batch brings, without provenance. */
  readonly columns: readonly { readonly name: string; readonly postgres: string }[];
}

/** How a merge goes about it. */
export interface MergePlan {
  /** Whether the table has a unique index of the key. */
  readonly unique: boolean;
  /** The staging table, quoted; in `pg_temp` it is temporary, else unlogged. */
  readonly stage: string;
}

/** The statements of a merge, in order; each is run once, in one transaction. */
export interface MergeSql {
  readonly createStage: string;
  readonly analyzeStage: string;
  /**
   * Says of each staged row what it is to the table, and leaves equal rows out where the key is unique. Where it is not, it has a row a
   * staged row unless the table has several of a key.
   */
  readonly judge: string;
  readonly write: readonly string[];
  /** $1: the table in the books. */
  readonly countOverwritten: string;
  /**
   * $1: the table in the books, $2: the batch, $3 and $4: objects, and how many of their rows gave way within the batch. Returns the rows
   * that were written as `present`.
   */
  readonly countOwn: string;
  readonly dropStage: string;
}

const OWN = ['_sluice_batch', '_sluice_object', '_sluice_row'];

/** The table's names of a request's key and order. Errors: TARGET_MISMATCH when the batch has no such column. */
export function mergeNames({
  request,
  columns,
}: {
  readonly request: Pick<LoadRequest, 'key' | 'orderBy' | 'table'>;
  readonly columns: readonly WireColumn[];
}): MergeNames {
  const named = (source: string, use: string) => {
    const found = columns.find((column) => column.source === source)?.target;
    if (found !== undefined) return found;
    throw new SluiceError('TARGET_MISMATCH', `expected the ${use} ${quoteName(source)} among the columns, got none`, {
      facts: { table: request.table, column: source },
    });
  };
  return {
    key: (request.key ?? []).map((name) => named(name, 'key')),
    orderBy: (request.orderBy ?? []).map((name) => named(name, 'order')),
    columns: columns.map(({ target, postgres }) => ({ name: target, postgres })),
  };
}

/** The statements that merge a staging table into the table. Pure. */
export function mergeSql(table: TableName, names: MergeNames, { unique, stage }: MergePlan): MergeSql {
  const judged = 'pg_temp._sluice_judged';
  const { key, columns } = names;
  const on = key.map((name) => `t.${quoteName(name)} = s.${quoteName(name)}`).join(' AND ');
  const all = [...columns.map(({ name }) => name), ...OWN].map(quoteName);
  const [same, kept] = unique
    ? ['', `WHERE t._sluice_found IS NULL OR ${differs(names)}`]
    : [`WHEN NOT (${differs(names)}) THEN 'same'`, ''];
  return {
    createStage: `CREATE ${stage.startsWith('pg_temp.') ? 'TEMP' : 'UNLOGGED'} TABLE ${stage} AS SELECT ${all.join(', ')} FROM ${quoteTable(table)} WITH NO DATA`,
    analyzeStage: `ANALYZE ${stage} (${key.map(quoteName).join(', ')})`,
    judge: `CREATE TEMP TABLE _sluice_judged ON COMMIT DROP AS
      SELECT s.ctid AS place, s._sluice_object AS object, t._sluice_object AS old, CASE WHEN t._sluice_found IS NULL THEN 'new'
        ${same} WHEN ${newer(names.orderBy)} THEN 'wins' ELSE 'loses' END AS verdict
      FROM ${stage} s LEFT JOIN (SELECT *, true AS _sluice_found FROM ${quoteTable(table)}) t ON ${on} ${kept}`,
    write: writeStatements(table, names, { stage, judged, on, all, unique }),
    countOverwritten: `UPDATE _sluice.load_objects o SET overwritten = o.overwritten + c.rows
      FROM (SELECT old, count(*) AS rows FROM ${judged} WHERE verdict = 'wins' GROUP BY 1) c
      WHERE o.table_name = $1 AND o.object_id = c.old`,
    countOwn: `WITH counted AS (
        SELECT object, count(*) FILTER (WHERE verdict <> 'same') AS differing, count(*) FILTER (WHERE verdict IN ('new', 'wins')) AS present
        FROM ${judged} GROUP BY 1
      ), noted AS (
        UPDATE _sluice.load_objects o SET unchanged = o.rows - coalesce(g.rows, 0) - coalesce(c.differing, 0),
          overwritten = coalesce(g.rows, 0) + coalesce(c.differing - c.present, 0)
        FROM _sluice.load_objects mine LEFT JOIN counted c ON c.object = mine.object_id
          LEFT JOIN unnest($3::uuid[], $4::bigint[]) AS g(object, rows) ON g.object = mine.object_id
        WHERE mine.table_name = $1 AND mine.batch = $2 AND o.table_name = $1 AND o.object_id = mine.object_id
      ) SELECT coalesce(sum(present), 0)::bigint AS present FROM counted`,
    dropStage: `DROP TABLE ${stage}`,
  };
}

interface Parts {
  readonly stage: string;
  readonly judged: string;
  readonly on: string;
  readonly all: readonly string[];
  readonly unique: boolean;
}

/** Partitions may forbid a unique index of the key alone: there the row that stands is taken out, which also lets it change its partition. */
function writeStatements(table: TableName, { key }: MergeNames, parts: Parts): readonly string[] {
  const { stage, judged, on, all, unique } = parts;
  const insert = `INSERT INTO ${quoteTable(table)} (${all.join(', ')})
    SELECT ${all.map((name) => `s.${name}`).join(', ')} FROM ${stage} s JOIN ${judged} j ON j.place = s.ctid WHERE j.verdict IN ('new', 'wins')`;
  if (!unique) {
    return [
      `DELETE FROM ${quoteTable(table)} t USING ${stage} s JOIN ${judged} j ON j.place = s.ctid WHERE j.verdict = 'wins' AND ${on}`,
      insert,
    ];
  }
  const set = [...all.filter((name) => !key.map(quoteName).includes(name)), '_sluice_loaded_at'];
  return [
    `${insert} ON CONFLICT (${key.map(quoteName).join(', ')}) DO UPDATE SET ${set.map((name) => `${name} = excluded.${name}`).join(', ')}`,
  ];
}

/** Types whose equality is missing (json) or coarser than their text (citext). */
const BY_TEXT = new Set(['json', 'citext']);

/** True for rows with another value in any of the batch's columns. Provenance is not compared. */
function differs({ columns, key }: MergeNames): string {
  const compared = columns.filter(({ name }) => !key.includes(name));
  const row = (side: string) =>
    compared
      .map(({ name, postgres }) => `${side}.${quoteName(name)}${BY_TEXT.has(postgres) ? '::text' : ''}`)
      .join(', ');
  return compared.length === 0 ? 'false' : `ROW(${row('s')}) IS DISTINCT FROM ROW(${row('t')})`;
}

/** True when the staged row is newer: by the order, where NULL is the oldest, then by the batch. */
function newer(orderBy: readonly string[]): string {
  const steps = orderBy.flatMap((name) => {
    const [stored, incoming] = [`t.${quoteName(name)}`, `s.${quoteName(name)}`];
    return [
      `WHEN ${stored} IS NULL AND ${incoming} IS NOT NULL THEN true`,
      `WHEN ${stored} IS NOT NULL AND ${incoming} IS NULL THEN false`,
      `WHEN ${incoming} > ${stored} THEN true`,
      `WHEN ${incoming} < ${stored} THEN false`,
    ];
  });
  const byBatch = 't._sluice_batch IS NULL OR s._sluice_batch > t._sluice_batch';
  return steps.length === 0 ? byBatch : `CASE ${steps.join(' ')} ELSE ${byBatch} END`;
}
