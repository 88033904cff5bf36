import { SluiceError } from '../../../shared/errors.js';
import { quoteName } from '../../../shared/schema/columns.js';
import { type Scalar, logicalScalar, plainScalar } from './scalars.js';

/** How values of an Avro type reach a column: as JSON of texts, cast to the type by the engine. */
export interface AvroCodec {
  /** Of the engine, as text. */
  readonly type: string;
  /** The type that the JSON is read as: the same nesting, every scalar a VARCHAR. */
  readonly shape: string;
  /** A decoded value as JSON. */
  readonly toJson: (value: unknown) => unknown;
}

export interface AvroColumn extends AvroCodec {
  readonly name: string;
}

/** Named types met so far, by full name; those that are being read stand without a codec. */
type Names = Map<string, AvroCodec | 'open'>;

interface Scope {
  readonly names: Names;
  readonly namespace: string;
  /** Dotted, for people. */
  readonly place: string;
}

type Json = Readonly<Record<string, unknown>>;

/** The columns of a schema; one that is no record is a column `value`. Errors: FORMAT_UNSUPPORTED, naming the field. */
export function readAvroColumns(schema: unknown): readonly AvroColumn[] {
  const scope: Scope = { names: new Map(), namespace: '', place: '' };
  if (!isJson(schema) || schema['type'] !== 'record') return [{ name: 'value', ...codecOf(schema, scope) }];
  const inner = enter(schema, scope);
  return fieldsOf(schema).map((field) => fieldColumn(field, inner));
}

/** The values of a row, in the order of the columns. */
export function rowToJson(row: unknown, columns: readonly AvroColumn[], isRecord: boolean): Json {
  const values = isJson(row) ? row : {};
  return Object.fromEntries(
    columns.map(({ name, toJson }, index) => [`c${index}`, toJson(isRecord ? values[name] : row)]),
  );
}

function codecOf(schema: unknown, scope: Scope): AvroCodec {
  if (typeof schema === 'string') return plainOrNamed(schema, scope);
  if (Array.isArray(schema)) return unionCodec(schema, scope);
  if (!isJson(schema)) throw unsupported(scope, 'a type', JSON.stringify(schema) ?? 'nothing');
  const { type } = schema;
  if (typeof type !== 'string') return codecOf(type, scope);
  const logical = logicalScalar(schema);
  if (logical !== undefined) return named(schema, scope, scalarCodec(logical));
  switch (type) {
    case 'record':
    case 'error':
      return recordCodec(schema, scope);
    case 'array':
      return listCodec(codecOf(schema['items'], scope));
    case 'map':
      return mapCodec(codecOf(schema['values'], scope));
    case 'enum':
      return named(schema, scope, scalarCodec({ type: 'VARCHAR', toText: String }));
    case 'fixed':
      return named(schema, scope, plainOrNamed('bytes', scope));
    default:
      return plainOrNamed(type, scope);
  }
}

function plainOrNamed(name: string, scope: Scope): AvroCodec {
  const plain = plainScalar(name);
  if (plain !== undefined) return scalarCodec(plain);
  const known = scope.names.get(fullName(name, scope.namespace)) ?? scope.names.get(name);
  if (known === 'open') throw unsupported(scope, 'a type without itself inside', name);
  if (known === undefined) throw unsupported(scope, 'a type of Avro', name);
  return known;
}

function scalarCodec({ type, toText }: Scalar): AvroCodec {
  return { type, shape: 'VARCHAR', toJson: (value) => (value === null || value === undefined ? null : toText(value)) };
}

function recordCodec(schema: Json, scope: Scope): AvroCodec {
  const inner = enter(schema, scope);
  const fields = fieldsOf(schema).map((field) => fieldColumn(field, inner));
  if (fields.length === 0)
    return named(
      schema,
      scope,
      jsonCodec(() => ({})),
    );
  const struct = (of: (field: AvroColumn) => string) =>
    `STRUCT(${fields.map((field) => `${quoteName(field.name)} ${of(field)}`).join(', ')})`;
  return named(schema, scope, {
    type: struct(({ type }) => type),
    shape: struct(({ shape }) => shape),
    toJson: (value) =>
      isJson(value) ? Object.fromEntries(fields.map(({ name, toJson }) => [name, toJson(value[name])])) : null,
  });
}

function listCodec(item: AvroCodec): AvroCodec {
  return {
    type: `${item.type}[]`,
    shape: `${item.shape}[]`,
    toJson: (value) => (Array.isArray(value) ? value.map(item.toJson) : null),
  };
}

function mapCodec(value: AvroCodec): AvroCodec {
  return {
    type: `MAP(VARCHAR, ${value.type})`,
    shape: `MAP(VARCHAR, ${value.shape})`,
    toJson: (map) =>
      isJson(map) ? Object.fromEntries(Object.entries(map).map(([key, inner]) => [key, value.toJson(inner)])) : null,
  };
}

/** A union of null and one type is that type. Of several types, each value is JSON: `{"branch": value}`, as Avro's own JSON. */
function unionCodec(branches: readonly unknown[], scope: Scope): AvroCodec {
  const others = branches.filter((branch) => branch !== 'null');
  const [only] = others;
  if (only === undefined) return scalarCodec({ type: 'VARCHAR', toText: String });
  if (others.length === 1) {
    const codec = codecOf(only, scope);
    return { ...codec, toJson: (value) => codec.toJson(isJson(value) ? Object.values(value)[0] : null) };
  }
  const codecs = others.map((branch) => codecOf(branch, scope));
  const names = others.map((branch) => branchName(branch, scope));
  return jsonCodec((value) => {
    const [branch = '', inner] = Object.entries(isJson(value) ? value : {})[0] ?? [];
    return { [branch]: codecs[names.indexOf(branch)]?.toJson(inner) ?? null };
  });
}

function jsonCodec(toJson: (value: unknown) => unknown): AvroCodec {
  return {
    type: 'JSON',
    shape: 'VARCHAR',
    toJson: (value) => (value === null || value === undefined ? null : JSON.stringify(toJson(value))),
  };
}

function branchName(branch: unknown, { namespace }: Scope): string {
  if (typeof branch === 'string') return plainScalar(branch) === undefined ? fullName(branch, namespace) : branch;
  if (!isJson(branch)) return '';
  return typeof branch['name'] === 'string' ? nameOf(branch, namespace) : String(branch['type']);
}

function fieldColumn(field: Json, scope: Scope): AvroColumn {
  const name = String(field['name']);
  const place = scope.place === '' ? name : `${scope.place}.${name}`;
  return { name, ...codecOf(field['type'], { ...scope, place }) };
}

function fieldsOf({ fields }: Json): readonly Json[] {
  return Array.isArray(fields) ? fields.filter(isJson) : [];
}

function enter(schema: Json, scope: Scope): Scope {
  const name = nameOf(schema, scope.namespace);
  scope.names.set(name, 'open');
  return { ...scope, namespace: name.includes('.') ? name.slice(0, name.lastIndexOf('.')) : '' };
}

function named(schema: Json, scope: Scope, codec: AvroCodec): AvroCodec {
  if (typeof schema['name'] === 'string') scope.names.set(nameOf(schema, scope.namespace), codec);
  return codec;
}

function nameOf({ name, namespace }: Json, outer: string): string {
  return fullName(String(name ?? ''), typeof namespace === 'string' ? namespace : outer);
}

function fullName(name: string, namespace: string): string {
  return name.includes('.') || namespace === '' ? name : `${namespace}.${name}`;
}

function isJson(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function unsupported({ place }: Scope, expected: string, got: string): SluiceError {
  const where = place === '' ? '' : `field ${place}: `;
  return new SluiceError('FORMAT_UNSUPPORTED', `${where}expected ${expected}, got ${got.slice(0, 80)}`);
}
