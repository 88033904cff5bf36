import { unknownStatement } from './fault.js';

/** A value bound to a `?`. */
export interface WireBind {
  readonly type: string;
  readonly value: string | null | readonly (string | null)[];
}

/** The statement with its binds written in as literals. */
export function writeBinds(sql: string, binds: Readonly<Record<string, WireBind>> | undefined): string {
  if (binds === undefined) return sql;
  let next = 0;
  const text = mapOutsideQuotes(sql, (part) =>
    part.replaceAll('?', () => {
      next += 1;
      return literalOf(binds[String(next)], sql);
    }),
  );
  if (next !== Object.keys(binds).length)
    throw unknownStatement(`${next} places for ${Object.keys(binds).length} binds`);
  return text;
}

function literalOf(bind: WireBind | undefined, sql: string): string {
  if (bind === undefined || (bind.value !== null && typeof bind.value !== 'string')) throw unknownStatement(sql);
  if (bind.value === null) return 'NULL';
  if (bind.type === 'FIXED' || bind.type === 'REAL') return bind.value;
  if (bind.type === 'BOOLEAN') return bind.value.toUpperCase();
  return `'${bind.value.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
}

/** Applies a change to the parts of a statement that stand in no quotes. */
export function mapOutsideQuotes(sql: string, change: (part: string) => string): string {
  const parts = sql.match(/'(?:[^'\\]|\\.|'')*'|"(?:[^"]|"")*"|[^'"]+/g) ?? [];
  return parts.map((part) => (/^['"]/.test(part) ? part : change(part))).join('');
}

/** Splits at commas that stand in no brackets and no quotes. */
export function splitList(text: string): readonly string[] {
  const items: string[] = [];
  let depth = 0;
  let item = '';
  for (const part of text.match(/'(?:[^'\\]|\\.|'')*'|"(?:[^"]|"")*"|[(),]|[^'"(),]+/g) ?? []) {
    if (part === ',' && depth === 0) {
      items.push(item.trim());
      item = '';
      continue;
    }
    if (part === '(') depth += 1;
    if (part === ')') depth -= 1;
    item += part;
  }
  return item.trim() === '' ? items : [...items, item.trim()];
}

/** Options such as `A = 1 B = (X = 2)` as a record of texts; anything else is refused. */
export function readOptions(text: string, allowed: Readonly<Record<string, RegExp>>): Readonly<Record<string, string>> {
  const options: Record<string, string> = {};
  let rest = text.trim();
  while (rest !== '') {
    const match =
      /^([A-Z_]+)\s*=\s*('(?:[^'\\]|\\.|'')*'|"(?:[^"]|"")*"|\((?:[^()']|'(?:[^'\\]|\\.|'')*'|\(\))*\)|[A-Z0-9_]+)\s*/.exec(
        rest,
      );
    const [whole, name = '', value = ''] = match ?? [];
    if (whole === undefined || allowed[name]?.test(value) !== true) throw unknownStatement(`option ${rest}`);
    options[name] = value;
    rest = rest.slice(whole.length);
  }
  return options;
}

/** The text of a string literal. */
export function unquoteLiteral(text: string): string {
  return text.slice(1, -1).replaceAll("''", "'").replaceAll(/\\(.)/g, '$1');
}

/** The parts of `"A"."B"."C"`. */
export function nameParts(text: string): readonly string[] {
  return [...text.matchAll(/"((?:[^"]|"")+)"|([A-Za-z_][A-Za-z0-9_$]*)/g)].map(([, quoted, plain]) =>
    quoted === undefined ? (plain ?? '').toUpperCase() : quoted.replaceAll('""', '"'),
  );
}

/** Three quoted parts, or fewer: what an identifier of a statement looks like. */
export const NAME = String.raw`((?:"(?:[^"]|"")+"|[A-Za-z_][\w$]*)(?:\.(?:"(?:[^"]|"")+"|[A-Za-z_][\w$]*)){0,2})`;
