import { Client } from 'pg';
import { LOAD_PHASES } from '../../src/shared/warehouses/postgres/loadBatch.js';
import { openPostgresWarehouse } from '../../src/shared/warehouses/postgres/openPostgresWarehouse.js';
import type { WarehouseUnderTest } from '../contracts/warehouse.js';

/** Postgres for the contract suites, in databases of one server. */
export function postgresUnderTest(freshDatabase: () => Promise<string>): WarehouseUnderTest {
  return {
    phases: LOAD_PHASES,
    fresh: async () => {
      const url = await freshDatabase();
      return {
        open: (onPhase) => openPostgresWarehouse({ name: 'test', url, schema: 'public', ...(onPhase && { onPhase }) }),
        cut: () => cutConnections(url),
      };
    },
  };
}

/** Ends every other connection of a database, as a crash would. */
export async function cutConnections(url: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  await client
    .query(
      `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`,
    )
    .finally(() => client.end());
}
