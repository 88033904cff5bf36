import { SluiceError } from '../../errors.js';
import type { Column } from '../../schema/columns.js';
import { quoteName } from '../../schema/columns.js';
import type { TableName } from './identifiers.js';
import { nameColumns, tableKey } from './identifiers.js';
import type { Statement } from './sql/statement.js';
import type { TypedColumn } from './sql/table.js';
import { addColumns, createTable, widenColumns } from './sql/table.js';
import { createdType, fitsInto, stagingType, widens } from './types.js';

/** One column of the load: where it comes from and how it travels. */
export interface LoadColumn {
  /** Name in the artifacts. */
  readonly source: string;
  /** DuckDB type in the artifacts. */
  readonly type: string;
  /** Name in the staging table and in the target table. */
  readonly target: string;
  /** Type in the staging table. */
  readonly staged: string;
}

/** What the table needs before the load, and how each column travels. */
export interface TablePlan {
  readonly ddl: readonly Statement[];
  readonly columns: readonly LoadColumn[];
}

/** Sluice's own columns: which batch and object a row came from, its place in the object, and when it was loaded. */
export const OWN_COLUMNS: readonly TypedColumn[] = [
  { name: '_SLUICE_BATCH', type: 'VARCHAR(36)' },
  { name: '_SLUICE_OBJECT', type: 'VARCHAR(36)' },
  { name: '_SLUICE_ROW', type: 'NUMBER(19,0)' },
  { name: '_SLUICE_LOADED_AT', type: 'TIMESTAMP_LTZ(9)' },
];

/**
 * Plans the table: the statements that create or widen it (none when it stands), and how each column travels. Columns that only
 * the table has stay as they are. Errors: TARGET_MISMATCH, which names every column that does not fit.
 */
export function planTable(
  table: TableName,
  columns: readonly Column[],
  { existing, clusterBy = [] }: { existing?: readonly TypedColumn[] | undefined; clusterBy?: readonly string[] } = {},
): TablePlan {
  const have = new Map((existing ?? []).map(({ name, type }) => [name, type]));
  const names = nameColumns(
    columns.map(({ name }) => name),
    new Set(have.keys()),
  );
  const planned = columns.map((column, index) => planColumn(column, names[index] ?? column.name, have));
  const faults = planned.flatMap(({ fault }) => fault ?? []);
  const keys = clusterBy.map((key) => names[columns.findIndex(({ name }) => name === key)] ?? '');
  if (keys.includes('')) faults.push(`clusterBy: expected columns of the batch, got ${clusterBy.join(', ')}`);
  if (faults.length > 0) {
    throw new SluiceError('TARGET_MISMATCH', `${tableKey(table)}: ${faults.join('; ')}`, {
      facts: { table: tableKey(table), columns: faults.length },
    });
  }
  const typed = (change: PlannedColumn['change']) =>
    planned
      .filter((column) => column.change === change)
      .map(({ target, snowflake }) => ({ name: target, type: snowflake }));
  const missing = OWN_COLUMNS.filter(({ name }) => !have.has(name));
  const ddl =
    existing === undefined
      ? [createTable(table, [...typed('add'), ...OWN_COLUMNS], keys)]
      : [...addColumns(table, [...typed('add'), ...missing]), ...widenColumns(table, typed('widen'))];
  return { ddl, columns: planned.map(({ source, type, target, staged }) => ({ source, type, target, staged })) };
}

interface PlannedColumn extends LoadColumn {
  /** Its Snowflake type after the DDL. */
  readonly snowflake: string;
  readonly change: 'none' | 'add' | 'widen';
  readonly fault?: string;
}

function planColumn({ name, type }: Column, target: string, have: ReadonlyMap<string, string>): PlannedColumn {
  const [wanted, staged] = [createdType(type), stagingType(type)];
  const present = have.get(target);
  const column = (snowflake: string, change: PlannedColumn['change']) => ({
    source: name,
    type,
    target,
    staged: staged ?? '',
    snowflake,
    change,
  });
  if (wanted === undefined) {
    return { ...column('', 'none'), fault: `column ${quoteName(target)}: no Snowflake type holds every ${type}` };
  }
  if (present === undefined) return column(wanted, 'add');
  if (fitsInto(type, present)) return column(present, 'none');
  if (widens(present, wanted)) return column(wanted, 'widen');
  return {
    ...column('', 'none'),
    fault: `column ${quoteName(target)}: expected ${wanted} (for ${type}), got ${present}`,
  };
}
