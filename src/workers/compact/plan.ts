import type { Column } from '../../shared/schema/columns.js';
import { type ColumnChange, mergeSchema, widenType } from '../../shared/schema/merge.js';
import { allColumns, type Refusal, type Source, type SourceFormat, type TargetColumn } from './sources.js';

/** Files that one reader call reads together: same format, separator and columns. */
export interface Read {
  readonly format: SourceFormat;
  readonly delimiter: string;
  readonly columns: Source['columns'];
  readonly sources: readonly Source[];
}

/** Open Parquet files cost 7 KB a column outside the engine's memory limit; this many bound one COPY to about 400 MB. */
const MAX_OPEN_COLUMNS = 60_000;
/** Names that the readers give to their own columns. */
const READER_COLUMNS = new Set(['file_index', 'file_row_number', 'filename']);

/** Cuts the sources into slices of one COPY each, so that not too many columns are open at once. */
export function planSlices(sources: readonly Source[]): readonly (readonly Source[])[] {
  const slices: Source[][] = [];
  let open = Infinity;
  for (const source of sources) {
    open += source.columns.length;
    if (open > MAX_OPEN_COLUMNS) {
      slices.push([]);
      open = source.columns.length;
    }
    slices.at(-1)?.push(source);
  }
  return slices;
}

/**
 * Groups sources into reads. Numbering the rows of text is sequential within a read, so with `shards` each group of text
 * files is dealt into that many reads of about the same size, which run side by side.
 */
export function planReads(sources: readonly Source[], shards: number): readonly Read[] {
  const groups = new Map<string, Source[]>();
  for (const source of sources) {
    const key = groupKey(source);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [source]);
    else group.push(source);
  }
  return [...groups.values()]
    .flatMap((group) => (group[0]?.format === 'parquet' ? [group] : dealOut(group, shards)))
    .map(readOf);
}

/** True when a column of the files has the name of one that the reader adds: then each file is read alone. */
export function shadowsReader({ format, columns }: Pick<Read, 'format' | 'columns'>): boolean {
  return format !== 'csv' && columns.some(({ name }) => READER_COLUMNS.has(name.toLowerCase()));
}

function groupKey(source: Source): string {
  const { format, delimiter, columns, object, partition = [] } = source;
  const path = partition.map(({ name }) => name);
  if (shadowsReader(source)) return object;
  if (format === 'ndjson' || format === 'json')
    return JSON.stringify([
      format,
      path,
      columns
        .map(({ name }) => name)
        .filter(isCased)
        .sort(),
    ]);
  return JSON.stringify([format, delimiter, columns, path]);
}

/** Keys of JSON tell their case apart, columns do not: files that write a key in their own case are read apart. */
function isCased(name: string): boolean {
  return name !== name.toLowerCase();
}

function readOf(sources: readonly Source[]): Read {
  const first = sources[0];
  const columns = new Map(sources.flatMap((source) => source.columns).map((column) => [column.name, column]));
  return {
    format: first?.format ?? 'parquet',
    delimiter: first?.delimiter ?? '',
    columns: first?.format === 'csv' ? first.columns : [...columns.values()],
    sources,
  };
}

function dealOut(sources: readonly Source[], shards: number): readonly (readonly Source[])[] {
  const total = sources.reduce((sum, { bytes }) => sum + bytes, 0);
  const hands: Source[][] = [];
  let dealt = 0;
  for (const source of sources) {
    const hand = Math.min(shards - 1, Math.floor((dealt / Math.max(total, 1)) * shards));
    (hands[hand] ??= []).push(source);
    dealt += source.bytes;
  }
  return hands.filter((hand) => hand !== undefined);
}

/** What the batch's files make of the dataset's schema. */
export interface SchemaPlan {
  readonly columns: readonly TargetColumn[];
  readonly changes: readonly ColumnChange[];
  readonly sources: readonly Source[];
  readonly refusals: readonly Refusal[];
}

/** Folds the sources' columns into the schema, in their order; a source that breaks it is refused. */
export function planSchema(
  schema: readonly Column[],
  sources: readonly Source[],
  evolution: 'strict' | 'widen',
): SchemaPlan {
  let columns = schema;
  const changes: ColumnChange[] = [];
  const refusals: Refusal[] = [];
  const fitting = sources.filter((source) => {
    const answer = mergeSchema(columns, allColumns(source), evolution);
    if (answer.kind === 'break') {
      refusals.push({ object: source.object, code: answer.code, reason: answer.reason });
      return false;
    }
    columns = answer.columns;
    changes.push(...answer.changes);
    return true;
  });
  return { columns, changes, sources: fitting, refusals };
}

/** The columns without those that only refused files have: neither the schema nor a file that stays knows them. */
export function pruneColumns<C extends { readonly name: string }>(
  columns: readonly C[],
  schema: readonly Column[],
  sources: readonly Source[],
): readonly C[] {
  const names = [...schema, ...sources.flatMap(allColumns)].map(({ name }) => name.toLowerCase());
  const known = new Set(names);
  return columns.filter(({ name }) => known.has(name.toLowerCase()));
}

/** The guess for digits that are no number: one such value makes a guessed column text, however many look like numbers. */
export const CODE = 'CODE';

/** The type that one file gives a column. */
export interface TypeVote {
  readonly type: string;
  /** Parquet knows its types; those of text are guessed from the values. */
  readonly isKnown: boolean;
}

/**
 * The type of a column that no schema names yet: known types win over guessed ones; among each, the one that most files
 * have, widened by those it can take in. Text columns often hold numbers only, so VARCHAR wins only by more than half.
 */
export function settleType(votes: readonly TypeVote[]): string {
  const known = votes.filter(({ isKnown, type }) => isKnown && type !== 'NULL');
  const counted = (known.length > 0 ? known : votes).filter(({ type }) => type !== 'NULL');
  const counts = new Map<string, number>();
  for (const { type } of counted) counts.set(type, (counts.get(type) ?? 0) + 1);
  const texts = counts.get('VARCHAR') ?? 0;
  if (counts.size === 0 || counts.has(CODE) || texts * 2 > counted.length) return 'VARCHAR';
  const ranked = [...counts].filter(([type]) => type !== 'VARCHAR').sort(([, a], [, b]) => b - a);
  const widen = known.length > 0 ? widenType : widenGuess;
  const [first] = ranked[0] ?? ['VARCHAR'];
  return ranked.reduce((settled, [type]) => widen(settled, type) ?? settled, first);
}

/** Like widenType, for types guessed from text: whole numbers that turn out to have fractions were fractions all along. */
export function widenGuess(settled: string, guessed: string): string | undefined {
  if (guessed === CODE) return 'VARCHAR';
  const pair = new Set([settled, guessed]);
  if (pair.size === 2 && pair.has('BIGINT') && pair.has('DOUBLE')) return 'DOUBLE';
  return widenType(settled, guessed);
}
