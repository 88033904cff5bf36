import { join } from 'node:path';
import type { Reference } from '../config/references.js';
import type { EngineSession } from '../engine/port.js';
import { type Column, quoteText } from '../schema/columns.js';
import { typeKind } from '../schema/typeKind.js';
import { ref, type Rule } from './rules.js';
import { attempt } from './settleMeasure.js';

/** The values of columns of another dataset, or why there are none to compare with. */
export type ReferencedValues =
  /** `source`: what may stand after FROM; its fields `v0`, `v1`, ... have the values, of these types. */
  | { readonly kind: 'values'; readonly source: string; readonly types: readonly string[] }
  | { readonly kind: 'fault'; readonly reason: string };

/** Reads the values of columns of another dataset, in the order of the reference. */
export type ValuesOf = (reference: Reference) => Promise<ReferencedValues>;

/** Tells which rows of a source have a value that another dataset lacks. */
export interface References {
  /**
   * A rule that fails for rows whose values of these columns stand together in no row of the other dataset, and judges none with a NULL among
   * them; or why there is none. The same question is answered from memory.
   */
  missing(columns: readonly Column[], reference: Reference): Promise<Rule>;
}

interface ReferenceWork {
  readonly session: EngineSession;
  /** What may stand after FROM. */
  readonly source: string;
  /** An existing folder that the session may write; the files stay for as long as the rules are used. */
  readonly folder: string;
  readonly valuesOf: ValuesOf;
  readonly signal?: AbortSignal;
}

/**
 * Compares the different values of a source's columns with those of other datasets, once for each pair. What is missing goes into a
 * file: a rule is asked several times of every row, and asks that file alone. Both sides may be larger than memory.
 */
export function openReferences(work: ReferenceWork): References {
  const known = new Map<string, Promise<Rule>>();
  return {
    missing: (columns, reference) => {
      const name = JSON.stringify([columns.map((column) => column.name), reference]);
      const rule = known.get(name) ?? findMissing(work, { columns, reference, number: known.size });
      known.set(name, rule);
      return rule;
    },
  };
}

interface Asked {
  readonly columns: readonly Column[];
  readonly reference: Reference;
  readonly number: number;
}

async function findMissing(work: ReferenceWork, { columns, reference, number }: Asked): Promise<Rule> {
  const { source, folder, valuesOf, signal } = work;
  const values = await valuesOf(reference);
  if (values.kind === 'fault') return values;
  for (const [at, { type }] of columns.entries()) {
    const other = values.types[at] ?? 'nothing';
    if (comparedKind(type) === comparedKind(other)) continue;
    const place = `${reference.dataset}.${reference.columns[at] ?? ''}`;
    return { kind: 'fault', reason: `expected values like those of ${place} (${other}), got ${type}` };
  }
  const asText = (value: string, at: number) =>
    comparedKind(columns[at]?.type ?? '') === 'text' ? `${value}::VARCHAR` : value;
  const own = columns.map((column, at) => asText(ref(column), at));
  const present = columns.map((column) => `${ref(column)} IS NOT NULL`).join(' AND ');
  const fields = columns.map((_, at) => `v${at}`);
  const path = join(folder, `missing-${number}.parquet`);
  const asked = await attempt(work, () =>
    work.session.query(
      `COPY (SELECT ${fields.map((field) => `_own.${field}`).join(', ')}
      FROM (SELECT DISTINCT ${own.map((value, at) => `${value} AS v${at}`).join(', ')} FROM ${source} AS _s WHERE ${present}) AS _own
      ANTI JOIN ${values.source} AS _other ON ${fields.map((field, at) => `_own.${field} = ${asText(`_other.${field}`, at)}`).join(' AND ')})
      TO ${quoteText(path)} (FORMAT parquet, COMPRESSION snappy)`,
      signal,
    ),
  );
  if (asked.kind === 'fault') return asked;
  const together = (parts: readonly string[]) => (parts.length === 1 ? parts.join('') : `row(${parts.join(', ')})`);
  return {
    kind: 'rule',
    fails: `CASE WHEN ${present} THEN ${together(own)} IN (SELECT ${together(fields)} FROM read_parquet(${quoteText(path)})) END`,
  };
}

/** Values of one of these compare with each other whatever their width. */
export function comparedKind(type: string): string {
  const kind = typeKind(type);
  if (kind === 'integer' || kind === 'decimal' || kind === 'float') return 'number';
  return kind === 'date' ? 'timestamp' : kind;
}

/** The names of a reference's columns as the other dataset writes them; undefined where it lacks one. */
export function namesIn(columns: readonly Column[], reference: Reference): readonly string[] | undefined {
  const names = reference.columns.flatMap(
    (wanted) => columns.find(({ name }) => name.toLowerCase() === wanted.toLowerCase())?.name ?? [],
  );
  return names.length === reference.columns.length ? names : undefined;
}

/** What is said where a dataset lacks columns of a reference. */
export function lackingColumns({ dataset, columns }: Reference): string {
  const names = columns.map((name) => JSON.stringify(name)).join(', ');
  return columns.length === 1
    ? `${dataset} has no column ${names}`
    : `${dataset} has no batch with the columns ${names}`;
}
