import { join } from 'node:path';
import type { Reference } from '../config/references.js';
import type { EngineSession } from '../engine/port.js';
import { type Column, quoteText } from '../schema/columns.js';
import { typeKind } from '../schema/typeKind.js';
import { ref, type Rule } from './rules.js';

/** The values of a column of another dataset, or why there are none to compare with. */
export type ReferencedValues =
  /** `source`: what may stand after FROM; its one field `v` has the values, of this type. */
  | { readonly kind: 'values'; readonly source: string; readonly type: string }
  | { readonly kind: 'fault'; readonly reason: string };

/** Reads the values of a column of another dataset. */
export type ValuesOf = (reference: Reference) => Promise<ReferencedValues>;

/** Tells which rows of a source have a value that another dataset lacks. */
export interface References {
  /** A rule that fails for such rows and judges no NULL; or why there is none. The same question is answered from memory. */
  missing(column: Column, reference: Reference): Promise<Rule>;
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
    missing: (column, reference) => {
      const name = JSON.stringify([column.name, reference.dataset, reference.column]);
      const rule = known.get(name) ?? findMissing(work, { column, reference, number: known.size });
      known.set(name, rule);
      return rule;
    },
  };
}

interface Asked {
  readonly column: Column;
  readonly reference: Reference;
  readonly number: number;
}

async function findMissing(
  { session, source, folder, valuesOf, signal }: ReferenceWork,
  { column, reference, number }: Asked,
): Promise<Rule> {
  const values = await valuesOf(reference);
  if (values.kind === 'fault') return values;
  const [own, other] = [comparedKind(column.type), comparedKind(values.type)];
  if (own !== other)
    return {
      kind: 'fault',
      reason: `expected values like those of ${reference.dataset}.${reference.column} (${values.type}), got ${column.type}`,
    };
  const asText = (value: string) => (own === 'text' ? `${value}::VARCHAR` : value);
  const path = join(folder, `missing-${number}.parquet`);
  await session.run(
    `COPY (SELECT _own.v FROM (SELECT DISTINCT ${asText(ref(column))} AS v FROM ${source} AS _s WHERE ${ref(column)} IS NOT NULL) AS _own
      ANTI JOIN ${values.source} AS _other ON _own.v = ${asText('_other.v')}) TO ${quoteText(path)} (FORMAT parquet, COMPRESSION snappy)`,
    signal,
  );
  return {
    kind: 'rule',
    fails: `CASE WHEN ${ref(column)} IS NOT NULL THEN ${asText(ref(column))} IN (SELECT v FROM read_parquet(${quoteText(path)})) END`,
  };
}

/** Values of one of these compare with each other whatever their width. */
export function comparedKind(type: string): string {
  const kind = typeKind(type);
  if (kind === 'integer' || kind === 'decimal' || kind === 'float') return 'number';
  return kind === 'date' ? 'timestamp' : kind;
}
