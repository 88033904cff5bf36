import type { KeyValue } from '../../shared/findings/skew.js';
import { type Column, quoteName, quoteText, SALT_COLUMN } from '../../shared/schema/columns.js';
import type { LayoutPlan } from './planLayout.js';

const PIECE = '"sluice piece"';
const PLACE = ['_sluice_object', '_sluice_row'] as const;

/** A SELECT and the order of its rows: cutting them at the plan's places gives the artifacts. */
export interface OrderedSelect {
  readonly select: string;
  readonly orderBy: string;
}

/**
 * Orders the rows of a source by the plan. The order is total (object and row decide last), so a repeat cuts the same rows. `sort`
 * orders the rows inside each artifact.
 */
export function orderedSql(
  plan: LayoutPlan,
  { source, key, sort }: { source: string; key: Column; sort: readonly string[] },
): OrderedSelect {
  const name = quoteName(key.name);
  const within = [...sort.map(quoteName), ...PLACE];
  switch (plan.kind) {
    case 'isolate': {
      const cases = plan.hotKeys.map((hot, at) => `WHEN ${literalSql(key, hot.key)} THEN ${at}`);
      const group = `CASE ${name} ${cases.join(' ')} ELSE ${cases.length} END`;
      return ordered(`SELECT * FROM ${source}`, [group, ...within]);
    }
    case 'salt': {
      const cases = plan.hotKeys.map((hot) => `WHEN ${literalSql(key, hot.key)} THEN ${hot.salts}`);
      const salt = `CAST(hash(${PLACE.join(', ')}) % (CASE ${name} ${cases.join(' ')} ELSE 1 END) AS INTEGER)`;
      const select = `SELECT *, ${salt} AS ${SALT_COLUMN} FROM ${source}`;
      return ordered(select, sort.length > 0 ? within : [`hash(${name}, ${SALT_COLUMN})`, name, ...PLACE]);
    }
    case 'bucket': {
      const together = [`hash(${name})`, name, ...PLACE];
      if (sort.length === 0) return ordered(`SELECT * FROM ${source}`, together);
      const piece = `ntile(${plan.cuts.length}) OVER (ORDER BY ${together.join(', ')})`;
      return ordered(`SELECT *, ${piece} AS ${PIECE} FROM ${source}`, [PIECE, ...within]);
    }
  }
}

/** The helper column of a layout, which its artifacts do not keep. */
export function withoutPiece(plan: LayoutPlan, sort: readonly string[]): string {
  return plan.kind === 'bucket' && sort.length > 0 ? `* EXCLUDE ${PIECE}` : '*';
}

/** One row for each hot key: the key as its column has it, and how many salts its rows carry (0 to `salts` - 1). */
export function hotListSql(
  key: Column,
  hotKeys: readonly { readonly key: KeyValue; readonly salts: number }[],
): string {
  const rows = hotKeys.map((hot) => `(${literalSql(key, hot.key)}, ${hot.salts}::INTEGER)`);
  return `SELECT * FROM (VALUES ${rows.join(', ')}) AS hot(${quoteName(key.name)}, salts)`;
}

function literalSql({ type }: Column, value: KeyValue): string {
  return `CAST(${quoteText(String(value))} AS ${type})`;
}

function ordered(select: string, order: readonly string[]): OrderedSelect {
  return { select, orderBy: order.join(', ') };
}
