import { Client } from 'pg';
import { LOAD_PHASES } from '../../../../src/shared/warehouses/postgres/loadBatch.js';
import { openPostgresWarehouse } from '../../../../src/shared/warehouses/postgres/openPostgresWarehouse.js';
import { WRITE_MODES } from '../../../../src/shared/warehouses/port.js';
import { warehouseContract } from '../../../contracts/warehouse.js';
import type { WarehouseUnderTest } from '../../../contracts/warehouse.js';
import { writeModesContract } from '../../../contracts/writeModes.js';
import { freshDatabase } from '../../../support/databases.js';

const postgres: WarehouseUnderTest = {
  phases: LOAD_PHASES,
  fresh: async () => {
    const url = await freshDatabase();
    return {
      open: (onPhase) => openPostgresWarehouse({ name: 'test', url, schema: 'public', ...(onPhase && { onPhase }) }),
      cut: async () => {
        const client = new Client({ connectionString: url });
        await client.connect();
        await client.query(
          `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`,
        );
        await client.end();
      },
    };
  },
};

warehouseContract('Postgres', postgres);
writeModesContract('Postgres', WRITE_MODES, postgres);
