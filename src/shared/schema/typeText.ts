/** A DuckDB type as a tree. What Sluice need not look into (ENUM, UNION, fixed arrays) stays text. */
export type TypeTree =
  | { readonly kind: 'plain'; readonly name: string }
  | { readonly kind: 'decimal'; readonly precision: number; readonly scale: number }
  | { readonly kind: 'list'; readonly item: TypeTree }
  | { readonly kind: 'map'; readonly key: TypeTree; readonly value: TypeTree }
  | { readonly kind: 'struct'; readonly fields: readonly TypeField[] };

export interface TypeField {
  readonly name: string;
  readonly type: TypeTree;
}

const ALIASES: Readonly<Record<string, string>> = {
  INT1: 'TINYINT',
  INT2: 'SMALLINT',
  SHORT: 'SMALLINT',
  INT: 'INTEGER',
  INT4: 'INTEGER',
  SIGNED: 'INTEGER',
  INT8: 'BIGINT',
  LONG: 'BIGINT',
  REAL: 'FLOAT',
  FLOAT4: 'FLOAT',
  FLOAT8: 'DOUBLE',
  BOOL: 'BOOLEAN',
  LOGICAL: 'BOOLEAN',
  TEXT: 'VARCHAR',
  STRING: 'VARCHAR',
  CHAR: 'VARCHAR',
  BPCHAR: 'VARCHAR',
  BYTEA: 'BLOB',
  BINARY: 'BLOB',
  VARBINARY: 'BLOB',
  DATETIME: 'TIMESTAMP',
  TIMESTAMP_US: 'TIMESTAMP',
  TIMESTAMPTZ: 'TIMESTAMP WITH TIME ZONE',
  TIMETZ: 'TIME WITH TIME ZONE',
  'DOUBLE PRECISION': 'DOUBLE',
  'TIMESTAMP WITHOUT TIME ZONE': 'TIMESTAMP',
  'CHARACTER VARYING': 'VARCHAR',
  '"NULL"': 'NULL',
};

/** Reads DuckDB's text of a type (as DESCRIBE gives it, or as a person writes it). */
export function parseType(text: string): TypeTree {
  const trimmed = text.trim();
  if (trimmed.endsWith('[]')) return { kind: 'list', item: parseType(trimmed.slice(0, -2)) };
  const open = trimmed.indexOf('(');
  const name = (open < 0 ? trimmed : trimmed.slice(0, open)).trim().toUpperCase();
  if (open < 0 || !trimmed.endsWith(')')) {
    if (name === 'DECIMAL' || name === 'NUMERIC') return { kind: 'decimal', precision: 18, scale: 3 };
    return { kind: 'plain', name: /\W/.test(name) && !(name in ALIASES) ? spaced(trimmed) : (ALIASES[name] ?? name) };
  }
  const parts = splitParts(trimmed.slice(open + 1, -1));
  if (name === 'DECIMAL' || name === 'NUMERIC') {
    return { kind: 'decimal', precision: Number(parts[0] ?? 18), scale: Number(parts[1] ?? 0) };
  }
  if (name === 'STRUCT') return { kind: 'struct', fields: parts.map(parseField) };
  if (name === 'MAP')
    return { kind: 'map', key: parseType(parts[0] ?? 'VARCHAR'), value: parseType(parts[1] ?? 'VARCHAR') };
  if (name === 'VARCHAR' || name in ALIASES) return { kind: 'plain', name: ALIASES[name] ?? name };
  return { kind: 'plain', name: trimmed };
}

/** The text that DuckDB reads as this type. */
export function formatType(type: TypeTree): string {
  switch (type.kind) {
    case 'plain':
      return type.name;
    case 'decimal':
      return `DECIMAL(${type.precision},${type.scale})`;
    case 'list':
      return `${formatType(type.item)}[]`;
    case 'map':
      return `MAP(${formatType(type.key)}, ${formatType(type.value)})`;
    case 'struct':
      return `STRUCT(${type.fields.map(({ name, type: inner }) => `"${name.replaceAll('"', '""')}" ${formatType(inner)}`).join(', ')})`;
  }
}

/** `TIMESTAMP WITH TIME ZONE` keeps its words; a quoted or enumerated type keeps its case. */
function spaced(text: string): string {
  return text.includes("'") || text.includes('"') ? text : text.toUpperCase().replaceAll(/\s+/g, ' ');
}

function parseField(text: string): TypeField {
  const quoted = /^\s*"((?:[^"]|"")*)"\s+(.*)$/s.exec(text);
  const plain = /^\s*(\S+)\s+(.*)$/s.exec(text);
  const [, name = '', type = 'VARCHAR'] = quoted ?? plain ?? [];
  return { name: name.replaceAll('""', '"'), type: parseType(type) };
}

/** Splits at commas outside brackets and quotes. */
function splitParts(text: string): readonly string[] {
  const parts: string[] = [];
  let [depth, from, quote] = [0, 0, ''];
  for (let at = 0; at < text.length; at++) {
    const char = text.charAt(at);
    if (quote !== '') quote = char === quote ? '' : quote;
    else if (char === '"' || char === "'") quote = char;
    else if (char === '(') depth += 1;
    else if (char === ')') depth -= 1;
    else if (char === ',' && depth === 0) {
      parts.push(text.slice(from, at));
      from = at + 1;
    }
  }
  return [...parts, text.slice(from)];
}
