import { z } from 'zod';
import { configSchema } from '../shared/config/schema.js';
import { ERROR_CATALOGUE } from '../shared/errors.js';

/** A generated file of the repository: its path from the root, and its text. */
export interface GeneratedFile {
  readonly path: string;
  readonly text: string;
}

/** Every generated file; a test proves that those in the repository are fresh. Pure. */
export function renderReference(): readonly GeneratedFile[] {
  const schema = configJsonSchema();
  return [
    { path: 'sluice.schema.json', text: `${JSON.stringify(schema, null, 2)}\n` },
    { path: 'docs/config.md', text: renderConfig(schema) },
    { path: 'docs/errors.md', text: renderErrors() },
  ];
}

/** The configuration as JSON Schema, for editors. */
export function configJsonSchema(): Node {
  const schema = z.toJSONSchema(configSchema, {
    io: 'input',
    override: ({ zodSchema, jsonSchema }) => {
      const { def } = zodSchema._zod;
      if (def.type === 'default' && jsonSchema.default === undefined)
        jsonSchema.default = writtenDefault(def.defaultValue, jsonSchema.type);
    },
  });
  return { ...schema, title: 'sluice.yaml' };
}

const SIZES = [
  ['GB', 1e9],
  ['MB', 1e6],
  ['KB', 1e3],
] as const;
const DURATIONS = [
  ['d', 864e5],
  ['h', 36e5],
  ['m', 6e4],
  ['s', 1e3],
] as const;

/** A default of a size or duration as it is written in the file: 256MB, 60s. */
function writtenDefault(value: unknown, type: unknown): string | undefined {
  if (typeof value !== 'number') return undefined;
  const [units, small] = type === 'string' ? [DURATIONS, 'ms'] : [SIZES, 'B'];
  const [unit, size] = units.find(([, size]) => value % size === 0) ?? [small, 1];
  return `${value / size}${unit}`;
}

function renderErrors(): string {
  const exits = { 1: 'found a fault', 2: 'usage or configuration', 3: 'a service is away' };
  const retries = { never: 'no', backoff: 'yes, later', snooze: 'yes, without counting an attempt' };
  const rows = Object.entries(ERROR_CATALOGUE).map(
    ([code, { retry, exit, mend }]) =>
      `| <a id="${code.toLowerCase()}"></a>\`${code}\` | ${mend} | ${retries[retry]} | ${exit} (${exits[exit]}) |`,
  );
  return [
    '# Errors',
    '',
    'Generated from `src/shared/errors.ts` by `node scripts/generate.mjs`. Every message says what was expected, what came, and where.',
    '',
    '| code | what to do | tried again by itself | exit status |',
    '|---|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}

function renderConfig(schema: Node): string {
  const rows = listKeys(schema, '').map(
    ({ path, type, fallback, description }) => `| \`${path}\` | ${type} | ${fallback} | ${description} |`,
  );
  return [
    '# The configuration, key by key',
    '',
    'Generated from `src/shared/config/` by `node scripts/generate.mjs`. `${NAME}` and `${NAME:-default}` in any text are read from the environment.',
    'Unknown keys are faults; `sluice validate` names every fault at once, with its line. Editors complete the file with [sluice.schema.json](../sluice.schema.json):',
    'put `# yaml-language-server: $schema=./sluice.schema.json` on its first line.',
    '',
    '| key | type | default | |',
    '|---|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}

type Node = z.core.JSONSchema.JSONSchema;
type NodeOrFlag = Node | boolean;

interface KeyRow {
  readonly path: string;
  readonly type: string;
  readonly fallback: string;
  readonly description: string;
}

/** Every key below a node, depth first, as rows. */
function listKeys(node: Node, path: string): readonly KeyRow[] {
  const required = new Set(node.required ?? []);
  return Object.entries(node.properties ?? {}).flatMap(([name, child]) => {
    if (typeof child === 'boolean') return [];
    const at = path === '' ? name : `${path}.${name}`;
    const fallback = required.has(name) ? 'required' : describeDefault(child.default);
    return [
      { path: at, type: describeType(child), fallback, description: (child.description ?? '').replaceAll('<', '\\<') },
      ...keysInside(child, at),
    ];
  });
}

function keysInside(node: NodeOrFlag | undefined, path: string): readonly KeyRow[] {
  if (node === undefined || typeof node === 'boolean') return [];
  return [
    ...listKeys(node, path),
    ...choicesOf(node).flatMap((choice) => keysInside(choice, path)),
    ...keysInside(itemsOf(node), `${path}[]`),
    ...keysInside(node.additionalProperties, `${path}.<name>`),
  ];
}

function choicesOf(node: Node): readonly NodeOrFlag[] {
  return [...(node.anyOf ?? []), ...(node.oneOf ?? [])];
}

function itemsOf({ items }: Node): NodeOrFlag | undefined {
  return Array.isArray(items) ? items[0] : items;
}

function describeDefault(value: unknown): string {
  if (value === undefined || JSON.stringify(value) === '{}') return '';
  return `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``;
}

function describeType(node: NodeOrFlag): string {
  if (typeof node === 'boolean') return 'any';
  const choices = choicesOf(node);
  const items = itemsOf(node);
  if (choices.length > 0) return [...new Set(choices.map(describeType))].join(' or ');
  if (node.const !== undefined) return `\`${JSON.stringify(node.const)}\``;
  if (node.enum !== undefined) return node.enum.map((value) => `\`${String(value)}\``).join(', ');
  if (items !== undefined) return `list of ${describeType(items)}`;
  if (node.type === undefined) return 'any';
  return [node.type].flat().join(' or ');
}
