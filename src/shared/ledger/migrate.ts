import { createHash } from 'node:crypto';
import { SluiceError } from '../errors.js';
import type { LedgerDatabase, Statements } from './database.js';
import { MIGRATIONS } from './migrations/index.js';
import type { Migration } from './migrations/index.js';

/** Any number that nobody else in this database locks. */
const LOCK = 7_581_623_001;

/**
 * Brings the ledger's tables to this version's shape in one transaction; processes that call it at once wait for each other.
 * Migrations of a newer version are left alone, so that old and new processes may run side by side during a deployment.
 * Throws INTERNAL when an applied migration's text differs from this version's.
 */
export async function migrate(database: LedgerDatabase, migrations: readonly Migration[] = MIGRATIONS): Promise<void> {
  await database.transaction(async (tx) => {
    await tx.rows("SELECT set_config('statement_timeout', '0', true)");
    await tx.rows('SELECT pg_advisory_xact_lock($1)', [LOCK]);
    await tx.changed('CREATE SCHEMA IF NOT EXISTS sluice');
    await tx.changed(`CREATE TABLE IF NOT EXISTS sluice.migrations (
      id integer PRIMARY KEY, name text NOT NULL, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())`);
    const applied = await tx.rows<{ id: number; checksum: string }>('SELECT id, checksum FROM sluice.migrations');
    const checksums = new Map(applied.map((row) => [row.id, row.checksum]));
    for (const migration of migrations) await apply(tx, migration, checksums.get(migration.id));
    await tx.rows('SELECT sluice.make_months(2)');
  });
}

async function apply(tx: Statements, { id, name, sql }: Migration, known: string | undefined): Promise<void> {
  const checksum = createHash('sha256').update(sql).digest('hex');
  if (known === undefined) {
    await tx.changed(sql);
    await tx.changed('INSERT INTO sluice.migrations (id, name, checksum) VALUES ($1, $2, $3)', [id, name, checksum]);
  } else if (known !== checksum) {
    throw new SluiceError('INTERNAL', `expected migration ${id} (${name}) as it was applied, got another text`, {
      facts: { migration: id },
    });
  }
}
