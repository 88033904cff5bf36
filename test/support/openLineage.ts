import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Ajv2020, type AnySchemaObject } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';

const folder = fileURLToPath(new URL('../corpus/openlineage/', import.meta.url));

function read(path: string): AnySchemaObject {
  return JSON.parse(readFileSync(`${folder}${path}`, 'utf8'));
}

const ajv = new Ajv2020({ strict: false, allErrors: true });
formats.default(ajv);
ajv.addSchema(read('OpenLineage.json'));
const published = new Map<string, string>();
for (const file of readdirSync(`${folder}facets`)) {
  const schema = read(`facets/${file}`);
  ajv.addSchema(schema);
  // A facet names its schema without the version's folder being checked: the published one must be the same.
  published.set(file.replace('.json', ''), String(schema['$id']));
}

/** What is wrong with an event by the published schemas, its facets included; empty when it is valid. */
export function lineageFaults(event: unknown): readonly string[] {
  const faults = faultsOf('https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent', event);
  return [...faults, ...facetsIn(event).flatMap(({ schema, content }) => faultsOf(schema, content))];
}

function faultsOf(schema: string, content: unknown): string[] {
  const [file = ''] = schema.split('#');
  const known = file.endsWith('OpenLineage.json') || [...published.values()].includes(file);
  if (!known) return [`${schema} is not published`];
  const validate = ajv.getSchema(schema);
  if (validate === undefined) return [`${schema} has no such definition`];
  if (validate(content) === true) return [];
  return (validate.errors ?? []).map(({ instancePath, message }) => `${schema} ${instancePath} ${message}`);
}

function facetsIn(value: unknown): { schema: string; content: object }[] {
  if (value === null || typeof value !== 'object') return [];
  const own = '_schemaURL' in value ? [{ schema: String(value._schemaURL), content: value }] : [];
  return [...own, ...Object.values(value).flatMap(facetsIn)];
}
