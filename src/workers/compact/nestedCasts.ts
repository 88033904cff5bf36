import { formatType, parseType, type TypeTree } from '../../shared/schema/typeText.js';
import { quoteName, quoteText } from '../../shared/schema/columns.js';
import { INTEGERS, castSql } from './casts.js';

/** Whether values of the type hold others, each with a type of its own. */
export function isTree(type: string): boolean {
  return /\]$|^(STRUCT|MAP)\(/.test(type);
}

/**
 * A nested value of text as the type, from its JSON. The engine rounds, drops unknown keys and takes the time off dates inside nested values
 * without a word, so each value inside is proven as one of a column is, and every key must be one of the type's.
 */
export function nestedTextSql(json: string, type: string, misfit: 'error' | 'null'): string {
  const bad = misfit === 'error' ? "error('misfit')" : 'NULL';
  const cast = misfit === 'error' ? 'CAST' : 'TRY_CAST';
  return `CASE WHEN ${isNull(json)} THEN NULL WHEN ${fitsSql(json, parseType(type), 0)} THEN ${cast}(${json} AS ${type}) ELSE ${bad} END`;
}

function isNull(json: string): string {
  return `(${json} IS NULL OR json_type(${json}) = 'NULL')`;
}

/** Whether the JSON holds what the type can, whole. `depth` keeps the names of lambdas apart. */
function fitsSql(json: string, type: TypeTree, depth: number): string {
  const name = `v${depth}`;
  const inner = (one: string, of: TypeTree) => `(${isNull(one)} OR (${fitsSql(one, of, depth + 1)}))`;
  const all = (list: string, test: string) =>
    `coalesce(list_bool_and(list_transform(${list}, lambda ${name}: ${test})), true)`;
  switch (type.kind) {
    case 'list':
      return `CASE WHEN json_type(${json}) = 'ARRAY' THEN ${all(`CAST(${json} AS JSON[])`, inner(name, type.item))} ELSE false END`;
    case 'map': {
      const keys = all(`json_keys(${json})`, `${castText(name, type.key)} IS NOT NULL`);
      const values = all(`map_values(CAST(${json} AS MAP(VARCHAR, JSON)))`, inner(name, type.value));
      return `CASE WHEN json_type(${json}) = 'OBJECT' THEN ${keys} AND ${values} ELSE false END`;
    }
    case 'struct': {
      const names = `[${type.fields.map((field) => quoteText(field.name)).join(', ')}]`;
      const fields = type.fields.map((field) => inner(`${name}[${quoteText(field.name)}]`, field.type));
      const map = `[CAST(${json} AS MAP(VARCHAR, JSON))]`;
      return `CASE WHEN json_type(${json}) = 'OBJECT' AND list_has_all(${names}, json_keys(${json})) THEN ${all(map, fields.join(' AND '))} ELSE false END`;
    }
    default: {
      const isString = `json_type(${json}) = 'VARCHAR'`;
      const test = `${castText(name, type, isString)} IS NOT NULL`;
      return type.kind === 'plain' && (type.name === 'VARCHAR' || type.name === 'JSON')
        ? 'true'
        : all(`[${json} ->> '$']`, test);
    }
  }
}

function castText(text: string, type: TypeTree, isString = 'true'): string {
  return castSql(text, {
    to: formatType(type),
    isEmptyNull: false,
    misfit: 'null',
    isGuess: false,
    isBinary: true,
    isString,
  });
}

/** A nested value of Parquet as another nested type: it must come back the same, whole numbers compared as such. */
export function nestedCastSql(
  value: string,
  { from, to, misfit }: { readonly from: string; readonly to: string; readonly misfit: 'error' | 'null' },
): string {
  const back = wide(parseType(from));
  const cast = `${misfit === 'error' ? 'CAST' : 'TRY_CAST'}(${value} AS ${to})`;
  const bad = misfit === 'error' ? "error('misfit')" : 'NULL';
  return `CASE WHEN ${value} IS NULL THEN NULL WHEN CAST(${cast} AS ${back}) IS NOT DISTINCT FROM CAST(${value} AS ${back}) THEN ${cast} ELSE ${bad} END`;
}

/** The type with its whole numbers as the widest: a float beyond theirs comes back as a number, not as an error. */
function wide(type: TypeTree): string {
  switch (type.kind) {
    case 'plain':
      return INTEGERS.test(type.name) ? 'HUGEINT' : type.name;
    case 'decimal':
      return formatType(type);
    case 'list':
      return `${wide(type.item)}[]`;
    case 'map':
      return `MAP(${wide(type.key)}, ${wide(type.value)})`;
    case 'struct':
      return `STRUCT(${type.fields.map((field) => `${quoteName(field.name)} ${wide(field.type)}`).join(', ')})`;
  }
}
