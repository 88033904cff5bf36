import { SluiceError } from '../../errors.js';
import type { Column } from '../../schema/columns.js';
import { quoteName } from '../../schema/columns.js';
import type { TableName } from './identifiers.js';
import { nameColumns, quoteTable, tableKey } from './identifiers.js';
import { createdType, fitsInto, keepsBytes, widens, wireType } from './types.js';

/** A column that the target table has now; the type as Postgres's `format_type` writes it. */
export interface ExistingColumn {
  readonly name: string;
  readonly type: string;
}

/** One column of the load: where it comes from and how it travels. */
export interface WireColumn {
  /** Name in the artifacts. */
  readonly source: string;
  /** DuckDB type in the artifacts. */
  readonly type: string;
  /** Name in the target table. */
  readonly target: string;
  /** DuckDB type that its values are cast to. */
  readonly wire: string;
  /** Type in the target table, as `format_type` writes it. */
  readonly postgres: string;
}

/** What the table needs before the load, and how each column travels. */
export interface TablePlan {
  readonly ddl: readonly string[];
  readonly columns: readonly WireColumn[];
  /** Columns whose widening writes every row of the table anew. */
  readonly rewrites: readonly string[];
  /** The table is not there yet. */
  readonly creates: boolean;
}

/**
 * Sluice's own columns: which batch and object a row came from, its place in the object, and when it was loaded (a default, so
 * that it costs the stream nothing).
 */
const OWN_COLUMNS = [
  { name: '_sluice_batch', type: 'uuid' },
  { name: '_sluice_object', type: 'uuid' },
  { name: '_sluice_row', type: 'bigint' },
  { name: '_sluice_loaded_at', type: 'timestamp with time zone', initial: 'now()' },
] as const;

/** What a new table is besides its columns. */
export interface TableShape {
  /** The delivered column of times by which it is RANGE partitioned. */
  readonly partitionBy?: string;
  /** Storage parameters, as CREATE TABLE writes them; a partitioned table has none of its own. */
  readonly storage?: string;
}

/**
 * Plans the table: the statements that create or widen it (none when it stands), and how each column travels. Columns that only
 * the table has stay as they are. Errors: TARGET_MISMATCH, which names every column that does not fit.
 */
export function planTable(
  table: TableName,
  columns: readonly Column[],
  existing?: readonly ExistingColumn[],
  shape: TableShape = {},
): TablePlan {
  const have = new Map((existing ?? []).map(({ name, type }) => [name, type]));
  const names = nameColumns(
    columns.map(({ name }) => name),
    new Set(have.keys()),
  );
  const faults: string[] = [];
  const planned = columns.map((column, index) => {
    const outcome = planColumn(column, names[index] ?? column.name, have);
    if (outcome.fault !== undefined) faults.push(outcome.fault);
    return outcome;
  });
  if (faults.length > 0) {
    throw new SluiceError('TARGET_MISMATCH', `${tableKey(table)}: ${faults.join('; ')}`, {
      facts: { table: tableKey(table), columns: faults.length },
    });
  }
  const rewrites = planned
    .filter(({ change, target, postgres }) => change === 'widen' && !keepsBytes(have.get(target) ?? '', postgres))
    .map(({ target }) => target);
  const ddl = existing === undefined ? createStatements(table, planned, shape) : alterStatements(table, planned, have);
  return {
    ddl,
    rewrites,
    creates: existing === undefined,
    columns: planned.map(({ source, type, target, wire, postgres }) => ({ source, type, target, wire, postgres })),
  };
}

interface PlannedColumn extends WireColumn {
  readonly change: 'none' | 'add' | 'widen';
  readonly fault?: string;
}

function planColumn({ name, type }: Column, target: string, have: ReadonlyMap<string, string>): PlannedColumn {
  const column = (postgres: string, change: PlannedColumn['change']) => ({
    source: name,
    type,
    target,
    wire: wireType(type, postgres),
    postgres,
    change,
  });
  const wanted = createdType(type);
  const present = have.get(target);
  if (present !== undefined && fitsInto(type, present)) return column(present, 'none');
  if (wanted === undefined) {
    return { ...column('', 'none'), fault: `column ${quoteName(target)}: no Postgres type holds every ${type}` };
  }
  if (present === undefined) return column(wanted, 'add');
  if (widens(present, wanted)) return column(wanted, 'widen');
  return {
    ...column('', 'none'),
    fault: `column ${quoteName(target)}: expected ${wanted} (for ${type}), got ${present}`,
  };
}

function createStatements(
  table: TableName,
  planned: readonly PlannedColumn[],
  { partitionBy, storage = '' }: TableShape,
): string[] {
  const time = planned.find(({ source }) => source === partitionBy)?.target;
  const lines = [
    ...planned.map(({ target, postgres }) => `${quoteName(target)} ${postgres}`),
    ...OWN_COLUMNS.map(
      (own) => `${quoteName(own.name)} ${own.type}${'initial' in own ? ` DEFAULT ${own.initial}` : ''}`,
    ),
  ];
  return [
    `CREATE TABLE ${quoteTable(table)} (\n  ${lines.join(',\n  ')}\n)${time === undefined ? storage : ` PARTITION BY RANGE (${quoteName(time)})`}`,
    // Batch ids rise with time and rows are appended, so a block range holds few batches: the audit skips the rest.
    `CREATE INDEX ON ${quoteTable(table)} USING brin (_sluice_batch) WITH (autosummarize = on)`,
    ...(time === undefined
      ? []
      : [`CREATE INDEX ON ${quoteTable(table)} USING brin (${quoteName(time)}) WITH (autosummarize = on)`]),
  ];
}

function alterStatements(
  table: TableName,
  planned: readonly PlannedColumn[],
  have: ReadonlyMap<string, string>,
): string[] {
  const actions = planned.flatMap(({ target, postgres, change }) => {
    if (change === 'add') return [`ADD COLUMN ${quoteName(target)} ${postgres}`];
    return change === 'widen' ? [`ALTER COLUMN ${quoteName(target)} TYPE ${postgres}`] : [];
  });
  const missing = OWN_COLUMNS.filter(({ name }) => !have.has(name));
  const alter = (parts: readonly string[]) =>
    parts.length === 0 ? [] : [`ALTER TABLE ${quoteTable(table)} ${parts.join(', ')}`];
  return [
    ...alter([...actions, ...missing.map(({ name, type }) => `ADD COLUMN ${quoteName(name)} ${type}`)]),
    // A default given together with the column would claim that the rows of before were loaded now.
    ...alter(
      missing.flatMap((own) =>
        'initial' in own ? [`ALTER COLUMN ${quoteName(own.name)} SET DEFAULT ${own.initial}`] : [],
      ),
    ),
  ];
}
