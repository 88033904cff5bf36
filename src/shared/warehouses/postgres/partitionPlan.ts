import { createHash } from 'node:crypto';
import type { PartitionSpan } from '../port.js';
import type { TableName } from './identifiers.js';
import { cutName, quoteTable } from './identifiers.js';
import { quoteText } from '../../schema/columns.js';

/** A partition of a table: from a day on, up to the day before another. Days as `YYYY-MM-DD`. */
export interface PartitionRange {
  readonly from: string;
  readonly to: string;
}

/** How many spans are made ahead of the one that is now. */
const AHEAD: Readonly<Record<PartitionSpan, number>> = { day: 7, month: 3, year: 1 };

/** The range of a span that begins on this day. Pure. */
export function rangeOf(from: string, every: PartitionSpan): PartitionRange {
  const day = new Date(`${from}T00:00:00Z`);
  if (every === 'day') day.setUTCDate(day.getUTCDate() + 1);
  if (every === 'month') day.setUTCMonth(day.getUTCMonth() + 1);
  if (every === 'year') day.setUTCFullYear(day.getUTCFullYear() + 1);
  return { from, to: dayOf(day) };
}

/** The ranges of the present span and of those that come next. Pure. */
export function rangesAhead(nowMs: number, every: PartitionSpan): readonly PartitionRange[] {
  const now = dayOf(new Date(nowMs));
  const first = every === 'day' ? now : every === 'month' ? `${now.slice(0, 7)}-01` : `${now.slice(0, 4)}-01-01`;
  const ranges = [rangeOf(first, every)];
  for (let last = ranges.at(-1); last !== undefined && ranges.length <= AHEAD[every]; last = ranges.at(-1))
    ranges.push(rangeOf(last.to, every));
  return ranges;
}

/** Reads what Postgres prints of a partition's bounds; undefined for DEFAULT and for what is no range of times. Pure. */
export function parseBounds(text: string): PartitionRange | undefined {
  const bound = `(?:'([^']+)'|(MINVALUE|MAXVALUE))`;
  const match = new RegExp(`FROM \\(${bound}\\) TO \\(${bound}\\)`).exec(text);
  if (match === null) return undefined;
  return { from: match[1]?.slice(0, 10) ?? '', to: match[3]?.slice(0, 10) ?? '\uffff' };
}

/** The ranges that none of these partitions covers. Pure. */
export function missingRanges(
  wanted: readonly PartitionRange[],
  existing: readonly PartitionRange[],
): readonly PartitionRange[] {
  const missing = wanted.filter(({ from, to }) => !existing.some((one) => one.from <= from && to <= one.to));
  return missing.filter(({ from }, index) => missing.findIndex((other) => other.from === from) === index);
}

/**
 * Makes a partition beside the table and attaches it: neither readers nor writers of the table wait, as they would for CREATE TABLE ...
 * PARTITION OF. Pure.
 */
export function createPartition(table: TableName, range: PartitionRange, storage: string): readonly string[] {
  const name = { schema: table.schema, name: partitionName(table.name, range) };
  return [
    `CREATE TABLE ${quoteTable(name)} (LIKE ${quoteTable(table)} INCLUDING DEFAULTS INCLUDING CONSTRAINTS)${storage}`,
    `ALTER TABLE ${quoteTable(table)} ATTACH PARTITION ${quoteTable(name)} FOR VALUES FROM (${quoteText(range.from)}) TO (${quoteText(range.to)})`,
  ];
}

/** `orders_p20240131`; a name that is too long ends in a hash of the whole. Pure. */
export function partitionName(table: string, { from, to }: PartitionRange): string {
  const whole = `${table}_p${from.replaceAll('-', '')}`;
  return cutName(whole, () => createHash('sha256').update(`${table} ${from} ${to}`).digest('hex').slice(0, 8));
}

function dayOf(date: Date): string {
  return date.toISOString().slice(0, 10);
}
