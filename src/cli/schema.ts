import { SluiceError } from '../shared/errors.js';
import type { Ledger, SchemaEntry } from '../shared/ledger/port.js';
import { objectUri } from '../shared/ledger/text.js';
import {
  acceptBreaks,
  type ColumnBreak,
  diffSchemas,
  readBreak,
  type SchemaDifference,
} from '../shared/schema/breaks.js';
import type { Column } from '../shared/schema/columns.js';
import type { ColumnChange } from '../shared/schema/merge.js';
import type { Output } from './output.js';

/** A quarantined object that breaks the schema in a way that the schema can be changed for. */
export interface SchemaBreak extends ColumnBreak {
  readonly id: string;
  readonly uri: string;
}

/** The versions of a dataset's schema, the newest first, and the objects that break it now. */
export interface SchemaReport {
  readonly dataset: string;
  readonly versions: readonly SchemaEntry[];
  readonly breaks: readonly SchemaBreak[];
}

/** More quarantined objects than this are looked at in several calls. */
const MAX_BREAKS = 100_000;

/** Reads the schema's versions and its breaks. */
export async function readSchemaReport(
  { read, objects }: Pick<Ledger, 'read' | 'objects'>,
  dataset: string,
): Promise<SchemaReport> {
  const rows = await objects.list({ dataset, state: 'quarantined', limit: MAX_BREAKS });
  const breaks = rows.flatMap(({ object: id, bucket, key, code, reason }): readonly SchemaBreak[] => {
    const found = readBreak(code, reason);
    return found === undefined ? [] : [{ id, uri: objectUri(bucket, key), ...found }];
  });
  return { dataset, versions: await read.schemaVersions(dataset), breaks };
}

/** The differences from one version to another. Throws USAGE for a version that is not there. */
export function diffVersions(
  { dataset, versions }: SchemaReport,
  from: number,
  to: number,
): readonly SchemaDifference[] {
  const columnsOf = (wanted: number) => {
    const found = versions.find(({ version }) => version === wanted);
    if (found !== undefined) return found.columns;
    throw new SluiceError('USAGE', `expected a schema version of ${dataset} (1 to ${versions.length}), got ${wanted}`);
  };
  return diffSchemas(columnsOf(from), columnsOf(to));
}

export interface AcceptRequest {
  readonly who: string;
  readonly why?: string | undefined;
  /** Types of columns that people choose, by lower-case name. */
  readonly as: ReadonlyMap<string, string>;
}

/** What was accepted: the new version and the objects to replay. No change: nothing is broken, or it was accepted before. */
export interface AcceptAnswer {
  readonly dataset: string;
  readonly version: number;
  readonly changes: readonly ColumnChange[];
  /** Of that version. */
  readonly columns: readonly Column[];
  /** Ids of the objects that broke the schema. */
  readonly replay: readonly string[];
}

/** Makes the schema take its breaks in, as a new version that says who and why. Throws LEASE_LOST when a batch changed the schema meanwhile. */
export async function acceptSchema(
  ledger: Pick<Ledger, 'read' | 'objects'>,
  dataset: string,
  { who, why, as }: AcceptRequest,
): Promise<AcceptAnswer> {
  const { versions, breaks } = await readSchemaReport(ledger, dataset);
  const [newest] = versions;
  const replay = breaks.map(({ id }) => id);
  if (newest === undefined) return { dataset, version: 0, changes: [], columns: [], replay };
  const { columns, changes } = acceptBreaks(newest.columns, breaks, as);
  if (changes.length === 0) return { dataset, version: newest.version, changes, columns, replay };
  const what = changes.map(
    ({ column, from, to }) => `"${column}" ${from === undefined ? 'is new' : `from ${from}`} to ${to}`,
  );
  const text = `accepted by ${who}: ${what.join(', ')}${why === undefined ? '' : ` (${why})`}`;
  const added = await ledger.read.addSchema(dataset, newest.version, columns, text);
  if (JSON.stringify(added.columns) === JSON.stringify(columns))
    return { dataset, version: added.version, changes, columns, replay };
  throw new SluiceError(
    'LEASE_LOST',
    `the schema of ${dataset} became version ${added.version} meanwhile; look at it, then accept again`,
  );
}

/** The versions and breaks for people. */
export function showSchema(output: Output, { versions, breaks }: SchemaReport): void {
  if (versions.length === 0) return output.line('no schema yet: it is learned from the first batch');
  output.table(
    ['version', 'since', 'why'],
    versions.map(({ version, addedAt, why }) => [version, addedAt.toISOString().slice(0, 19).replace('T', ' '), why]),
  );
  output.line();
  output.table(
    ['column', 'type'],
    (versions[0]?.columns ?? []).map(({ name, type }) => [name, type]),
  );
  if (breaks.length === 0) return;
  output.line();
  output.line(output.paint.bad(`${breaks.length} quarantined objects break it; sluice schema accept takes them in`));
  output.table(
    ['object', 'column', 'schema', 'object has'],
    breaks.map(({ uri, column, from, to }) => [uri, column, from ?? 'none', to]),
  );
}

/** Differences for people. */
export function showDifferences(output: Output, differences: readonly SchemaDifference[]): void {
  if (differences.length === 0) return output.line('the same columns');
  output.table(
    ['column', 'from', 'to'],
    differences.map(({ column, from, to }) => [column, from ?? 'none', to ?? 'none']),
  );
}

/** What was accepted, for people, and what to do next. */
export function showAccepted(output: Output, { dataset, version, changes, replay }: AcceptAnswer): void {
  if (changes.length === 0) output.line(`nothing to accept: the schema of ${dataset} stays at version ${version}`);
  else output.line(`the schema of ${dataset} is version ${version} now`);
  if (changes.length > 0) showDifferences(output, changes);
  if (replay.length > 0) output.line(`replay: sluice quarantine replay ${replay.join(' ')}`);
}
