import type { Config, Dataset } from '../../shared/config/config.js';
import { SluiceError } from '../../shared/errors.js';
import type { Column } from '../../shared/schema/columns.js';
import { quoteName, quoteText } from '../../shared/schema/columns.js';
import * as postgresNames from '../../shared/warehouses/postgres/identifiers.js';
import { planTable as planPostgres } from '../../shared/warehouses/postgres/planTable.js';
import { parseTableName, readIdentifier } from '../../shared/warehouses/snowflake/identifiers.js';
import { planTable } from '../../shared/warehouses/snowflake/planTable.js';
import { selectOlder, uniteRecent } from '../../shared/warehouses/snowflake/sql/hybrid.js';

/** How recent rows of Postgres and all rows of Snowflake are read as one. */
export interface Union {
  /** The moment that splits the two: a UTC midnight. */
  readonly boundary: string;
  /** Recent rows, asked of Postgres; with the next one every row once. */
  readonly postgres: string;
  /** Older rows, and those without a time, asked of Snowflake. */
  readonly snowflake: string;
  /** A view in Snowflake over its table and a table of recent rows beside it. */
  readonly view: string;
}

export interface UnionOptions {
  readonly columns: readonly Column[];
  /** The column of time; default: what the Postgres table is partitioned by. */
  readonly at?: string | undefined;
  /** Days that Postgres keeps; default: the load's `retain`, else 7. */
  readonly days?: number | undefined;
  readonly nowMs: number;
}

const DAY_MS = 24 * 3_600_000;

/** The queries and the view; pure. Errors: USAGE where the dataset is not loaded into both, or has no such column of time. */
export function planUnion(config: Config, dataset: Dataset, { columns, at, nowMs, ...options }: UnionOptions): Union {
  const own = dataset.load.find(({ target }) => config.targets[target]?.type === 'postgres');
  const snow = dataset.load.find(({ target }) => config.targets[target]?.type === 'snowflake');
  const postgres = own && config.targets[own.target];
  const target = snow && config.targets[snow.target];
  if (own === undefined || snow === undefined || postgres?.type !== 'postgres' || target?.type !== 'snowflake')
    throw new SluiceError('USAGE', `expected ${dataset.name} to be loaded into Postgres and into Snowflake`);
  const days = options.days ?? (own.retain === undefined ? 7 : own.retain / DAY_MS);
  const time = at ?? own.partitionBy?.column;
  const { literal, index } = requireTime(columns, time);
  // Within what is kept: the day that the limit falls into may be gone in part.
  const boundary = new Date((Math.floor((nowMs - days * DAY_MS) / DAY_MS) + 1) * DAY_MS).toISOString().slice(0, 10);
  const home = { database: readIdentifier(target.database), schema: readIdentifier(target.schema) };
  const table = parseTableName(snow.table, home);
  const names = planTable(table, columns).columns.map((column) => column.target);
  const near = postgresNames.parseTableName(own.table, postgres.schema);
  const nearNames = planPostgres(near, columns).columns.map((column) => quoteName(column.target));
  const split = { columns: names, at: names[index] ?? '' };
  const { view, recent } = { view: `${table.name}_ALL`, recent: `${table.name}_RECENT` };
  return {
    boundary,
    postgres: `SELECT ${nearNames.join(', ')} FROM ${postgresNames.quoteTable(near)} WHERE ${nearNames[index] ?? ''} >= ${literal.postgres(boundary)}`,
    snowflake: selectOlder(table, { ...split, before: literal.snowflake(boundary) }).text,
    view: uniteRecent(table, { ...split, view, recent, days: Math.ceil(days), now: literal.now }).text,
  };
}

interface TimeLiteral {
  readonly postgres: (day: string) => string;
  readonly snowflake: (day: string) => string;
  /** Snowflake's present moment. */
  readonly now: string;
}

const LITERALS: Readonly<Record<string, TimeLiteral>> = {
  DATE: {
    postgres: (day) => `${quoteText(day)}::date`,
    snowflake: (day) => `CAST(${quoteText(day)} AS DATE)`,
    now: 'CAST(SYSDATE() AS DATE)',
  },
  TIMESTAMP: {
    postgres: (day) => `${quoteText(`${day} 00:00:00`)}::timestamp`,
    snowflake: (day) => `CAST(${quoteText(`${day} 00:00:00`)} AS TIMESTAMP_NTZ(9))`,
    now: 'SYSDATE()',
  },
  'TIMESTAMP WITH TIME ZONE': {
    postgres: (day) => `${quoteText(`${day} 00:00:00+00`)}::timestamptz`,
    snowflake: (day) => `CAST(${quoteText(`${day}T00:00:00+00:00`)} AS TIMESTAMP_LTZ(9))`,
    now: 'CURRENT_TIMESTAMP()',
  },
};

function requireTime(columns: readonly Column[], at: string | undefined) {
  const index = columns.findIndex(({ name }) => name === at);
  const type = columns[index]?.type.replace(/_(S|MS|NS)$/, '') ?? '';
  const literal = LITERALS[type];
  if (literal !== undefined) return { literal, index };
  throw new SluiceError('USAGE', `expected --at, a column of dates or times, got ${at ?? 'none'} ${type}`.trim());
}
