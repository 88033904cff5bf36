import type { Column } from '../schema/columns.js';
import type { LedgerDatabase } from './database.js';
import type { SchemaEntry, SchemaVersion } from './port.js';

const READ = 'SELECT version, columns FROM sluice.schemas WHERE dataset = $1 ORDER BY version DESC LIMIT 1';

const VERSIONS = 'SELECT version, columns, why, added_at FROM sluice.schemas WHERE dataset = $1 ORDER BY version DESC';

const ADD = `
INSERT INTO sluice.schemas (dataset, version, columns, why)
SELECT $1, $2::integer + 1, $3, $4
WHERE $2 = (SELECT coalesce(max(version), 0) FROM sluice.schemas WHERE dataset = $1)
ON CONFLICT DO NOTHING
RETURNING version, columns`;

type StoredSchema = { readonly version: number; readonly columns: readonly Column[] };

/** The dataset's newest schema version; undefined before the first. */
export async function readSchema(database: LedgerDatabase, dataset: string): Promise<SchemaVersion | undefined> {
  const [row] = await database.rows<StoredSchema>(READ, [dataset]);
  return row;
}

/** Every version of the dataset's schema, the newest first. */
export async function readSchemaVersions(database: LedgerDatabase, dataset: string): Promise<readonly SchemaEntry[]> {
  const rows = await database.rows<StoredSchema & { readonly why: string; readonly added_at: Date }>(VERSIONS, [
    dataset,
  ]);
  return rows.map(({ version, columns, why, added_at: addedAt }) => ({ version, columns, why, addedAt }));
}

/** Adds version `expectedVersion` + 1 (0 before the first) if that is still the newest; else answers the newest there is. */
export async function addSchema(
  database: LedgerDatabase,
  {
    dataset,
    expectedVersion,
    columns,
    why,
  }: { dataset: string; expectedVersion: number; columns: readonly Column[]; why: string },
): Promise<SchemaVersion> {
  const [added] = await database.rows<StoredSchema>(ADD, [dataset, expectedVersion, JSON.stringify(columns), why]);
  // When nothing was added somebody else's version is committed, and a new statement sees it.
  return added ?? (await readSchema(database, dataset)) ?? { version: 0, columns: [] };
}
