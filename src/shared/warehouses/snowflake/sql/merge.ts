import { quoteName } from '../../../schema/columns.js';
import type { TableName } from '../identifiers.js';
import { quoteTable } from '../identifiers.js';
import { comparedValue, createdType, tableValue } from '../types.js';
import type { LoadKey } from './books.js';
import { inBooks } from './books.js';
import type { Bind, Statement } from './statement.js';
import { quoteLiteral, statement } from './statement.js';
import type { StagedRows } from './write.js';
import { nameStaged, selectNewest, STAGED_OBJECT } from './write.js';

/** How rows of one key meet. Names are those of the target table. */
export interface MergeKeys {
  readonly key: readonly string[];
  /** Later values win; none: the later batch wins. */
  readonly orderBy: readonly string[];
}

/** The least and the greatest staged value of one column of the key, as texts; none where its texts would not be exact. */
export interface KeyRange {
  readonly column: string;
  readonly type: string;
  readonly bounds: readonly [Bind, Bind];
}

/** What each staged row of a key is to the table, kept beside the staging table until the load ends. */
export function createVerdicts(verdicts: TableName): Statement {
  return statement([
    `CREATE OR REPLACE TRANSIENT TABLE ${quoteTable(verdicts)} ("OBJECT_ID" VARCHAR(36), "ROW_NUMBER" NUMBER(19,0),`,
    '"OLD_OBJECT" VARCHAR(36), "VERDICT" VARCHAR(8)) DATA_RETENTION_TIME_IN_DAYS = 0',
  ]);
}

/** The column of the key that the range is of: the first one whose texts are exact. */
export function rangeColumn({ columns }: StagedRows, { key }: MergeKeys): Omit<KeyRange, 'bounds'> | undefined {
  return key.flatMap((name) => {
    const duck = columns.find(({ target }) => target === name)?.type ?? '';
    const type = duck === 'UUID' ? 'VARCHAR' : (createdType(duck) ?? '');
    return /^(NUMBER|VARCHAR|DATE$|TIMESTAMP_NTZ)/.test(type) ? [{ column: name, type }] : [];
  })[0];
}

/** How many staged rows have no key, and the range: three columns of one row. */
export function keyRange(rows: StagedRows, keys: MergeKeys): Statement {
  const column = rangeColumn(rows, keys)?.column;
  const duck = rows.columns.find(({ target }) => target === column)?.type ?? '';
  const value = column === undefined ? 'NULL' : tableValue(duck, `s.${quoteName(column)}`);
  const missing = keys.key.map((name) => `s.${quoteName(name)} IS NULL`).join(' OR ');
  return statement([
    `SELECT COUNT_IF(${missing}) AS "MISSING", CAST(MIN(${value}) AS VARCHAR) AS "LEAST_KEY", CAST(MAX(${value}) AS VARCHAR) AS "GREATEST_KEY"`,
    `FROM ${quoteTable(rows.staging)} AS s`,
  ]);
}

/**
 * Says of the newest staged row of each key what it is to the table: new; the same; it wins, since it is newer; it loses. NULL is the
 * oldest value of an order, and where the order is equal the later batch is newer.
 */
export function judgeRows(
  table: TableName,
  rows: StagedRows,
  {
    keys,
    verdicts,
    range,
  }: { readonly keys: MergeKeys; readonly verdicts: TableName; readonly range?: KeyRange | undefined },
): Statement {
  const [first = ''] = keys.key;
  return statement(
    [
      `INSERT INTO ${quoteTable(verdicts)} ("OBJECT_ID", "ROW_NUMBER", "OLD_OBJECT", "VERDICT")`,
      'SELECT n."_SLUICE_OBJECT", n."_SLUICE_ROW", t."_SLUICE_OBJECT",',
      `CASE WHEN t.${quoteName(first)} IS NULL THEN 'new' WHEN NOT (${differs(rows, keys)}) THEN 'same'`,
      `WHEN ${newer(keys, rows.batch)} THEN 'wins' ELSE 'loses' END`,
      `FROM (${selectNewest(rows, keys)}) AS n LEFT JOIN ${quoteTable(table)} AS t ON ${onKey(keys, range)}`,
    ],
    range?.bounds,
  );
}

/** Staged rows that met several rows of their key: one number. */
export function countTwice(verdicts: TableName): Statement {
  return statement([
    `SELECT COUNT(*) AS "TWICE" FROM (SELECT "OBJECT_ID" FROM ${quoteTable(verdicts)}`,
    'GROUP BY "OBJECT_ID", "ROW_NUMBER" HAVING COUNT(*) > 1) AS d',
  ]);
}

/** By object: rows that are the same, new, and winning. */
export function countVerdicts(verdicts: TableName): Statement {
  return statement([
    `SELECT "OBJECT_ID", COUNT_IF("VERDICT" = 'same') AS "SAME", COUNT_IF("VERDICT" = 'new') AS "FRESH", COUNT_IF("VERDICT" = 'wins') AS "WINS"`,
    `FROM ${quoteTable(verdicts)} GROUP BY 1`,
  ]);
}

/**
 * Merges the rows that are new or win. The key's range stands in the condition as constants, so that Snowflake reads only the partitions
 * that can match; and no OR, which would make it read them all. Columns that the batch does not bring stay as they are.
 */
export function mergeRows(
  table: TableName,
  rows: StagedRows,
  {
    keys,
    verdicts,
    range,
  }: { readonly keys: MergeKeys; readonly verdicts: TableName; readonly range?: KeyRange | undefined },
): Statement {
  const own = ['_SLUICE_BATCH', '_SLUICE_OBJECT', '_SLUICE_ROW', '_SLUICE_LOADED_AT'];
  const all = [...rows.columns.map(({ target }) => target), ...own].map(quoteName);
  const changed = all.filter((name) => !keys.key.map(quoteName).includes(name));
  const source =
    `SELECT ${nameStaged(rows)} FROM ${quoteTable(rows.staging)} AS s JOIN ${quoteTable(verdicts)} AS v` +
    ` ON v."OBJECT_ID" = ${STAGED_OBJECT} AND v."ROW_NUMBER" = s."_SLUICE_ROW" WHERE v."VERDICT" IN ('new', 'wins')`;
  return statement(
    [
      `MERGE INTO ${quoteTable(table)} AS t USING (${source}) AS n ON ${onKey(keys, range)}`,
      `WHEN MATCHED THEN UPDATE SET ${changed.map((name) => `${name} = n.${name}`).join(', ')}`,
      `WHEN NOT MATCHED THEN INSERT (${all.join(', ')}) VALUES (${all.map((name) => `n.${name}`).join(', ')})`,
    ],
    range?.bounds,
  );
}

/** Notes in the books which older objects' rows gave way. */
export function noteOverwritten({ database, table }: LoadKey, verdicts: TableName): Statement {
  return statement(
    [
      `UPDATE ${inBooks(database, 'LOAD_OBJECTS')} SET "OVERWRITTEN" = COALESCE("OVERWRITTEN", 0) + c."GAVE_WAY"`,
      `FROM (SELECT "OLD_OBJECT", COUNT(*) AS "GAVE_WAY" FROM ${quoteTable(verdicts)} WHERE "VERDICT" = 'wins' GROUP BY 1) AS c`,
      'WHERE "TABLE_NAME" = ? AND "OBJECT_ID" = c."OLD_OBJECT"',
    ],
    [table],
  );
}

function onKey({ key }: MergeKeys, range: KeyRange | undefined): string {
  const equal = key.map((name) => `t.${quoteName(name)} = n.${quoteName(name)}`);
  if (range === undefined) return equal.join(' AND ');
  const column = `t.${quoteName(range.column)}`;
  return [...equal, ...['>=', '<='].map((sign) => `${column} ${sign} CAST(? AS ${range.type})`)].join(' AND ');
}

/** A column of the batch differs from the table's; false where there is none but the key. */
function differs({ columns }: StagedRows, { key }: MergeKeys): string {
  const tests = columns
    .filter(({ target }) => !key.includes(target))
    .map(({ target, type }) => {
      const [staged, stored] = ['n', 't'].map((side) => comparedValue(type, `${side}.${quoteName(target)}`));
      return `${staged} IS DISTINCT FROM ${stored}`;
    });
  return tests.length === 0 ? 'FALSE' : tests.join(' OR ');
}

function newer({ orderBy }: MergeKeys, batch: string): string {
  const steps = orderBy.flatMap((name) => {
    const [stored, incoming] = [`t.${quoteName(name)}`, `n.${quoteName(name)}`];
    return [
      `WHEN ${stored} IS NULL AND ${incoming} IS NOT NULL THEN TRUE`,
      `WHEN ${stored} IS NOT NULL AND ${incoming} IS NULL THEN FALSE`,
      `WHEN ${incoming} > ${stored} THEN TRUE`,
      `WHEN ${incoming} < ${stored} THEN FALSE`,
    ];
  });
  const byBatch = `COALESCE(t."_SLUICE_BATCH" < ${quoteLiteral(batch)}, TRUE)`;
  return steps.length === 0 ? byBatch : `CASE ${steps.join(' ')} ELSE ${byBatch} END`;
}
