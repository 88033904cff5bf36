import { quoteName } from './columns.js';
import { formatType, parseType, type TypeTree } from './typeText.js';

const WIDEST: TypeTree = { kind: 'decimal', precision: 38, scale: 0 };
const TEXT: TypeTree = { kind: 'plain', name: 'VARCHAR' };
/** What the engine writes as another type: a DOUBLE of 128-bit integers, texts, a time without its offset. */
const KEPT_AS: Readonly<Record<string, TypeTree>> = {
  HUGEINT: WIDEST,
  UHUGEINT: WIDEST,
  BIT: TEXT,
  BIGNUM: TEXT,
  'TIME WITH TIME ZONE': TEXT,
};

/**
 * The type of a Parquet column that holds values of this type whole: the same for most; undefined for a UNION, which none holds, and for an
 * INTERVAL inside another type, whose microseconds nobody would look for.
 */
export function keptType(type: string): string | undefined {
  const tree = parseType(type);
  if (tree.kind === 'plain' && tree.name === 'INTERVAL') return type;
  const kept = keptTree(tree);
  if (kept === undefined) return undefined;
  return formatType(kept) === formatType(tree) ? type : formatType(kept);
}

function keptTree(type: TypeTree): TypeTree | undefined {
  switch (type.kind) {
    case 'plain':
      return KEPT_AS[type.name] ?? keptPlain(type);
    case 'decimal':
      return type;
    case 'list': {
      const item = keptTree(type.item);
      return item && { kind: 'list', item };
    }
    case 'map': {
      const [key, value] = [keptTree(type.key), keptTree(type.value)];
      return key && value && { kind: 'map', key, value };
    }
    case 'struct': {
      const fields = type.fields.flatMap(({ name, type: inner }) => {
        const kept = keptTree(inner);
        return kept === undefined ? [] : [{ name, type: kept }];
      });
      return fields.length === type.fields.length ? { kind: 'struct', fields } : undefined;
    }
  }
}

/** An array of a fixed length is a list. */
function keptPlain(type: TypeTree & { kind: 'plain' }): TypeTree | undefined {
  if (type.name === 'INTERVAL' || type.name.toUpperCase().startsWith('UNION(')) return undefined;
  const inner = /^(.+)\[\d+\]$/s.exec(type.name)?.[1];
  const item = inner === undefined ? undefined : keptTree(parseType(inner));
  return inner === undefined ? type : item && { kind: 'list', item };
}

/**
 * A column's value as the type that keeps it. A value that it does not hold whole (39 digits, microseconds of an INTERVAL) is an error of the
 * statement. Undefined where the value may stay as it is.
 */
export function keptSql(name: string, from: string, kept: string): string | undefined {
  const value = quoteName(name);
  if (from !== kept) return `CAST(${value} AS ${kept}) AS ${value}`;
  if (from !== 'INTERVAL') return undefined;
  // Parquet keeps milliseconds.
  const isWhole = `(extract('microseconds' FROM ${value}) % 1000 = 0)`;
  return `CASE WHEN ${value} IS NULL OR ${isWhole} THEN ${value} ELSE error('misfit') END AS ${value}`;
}
