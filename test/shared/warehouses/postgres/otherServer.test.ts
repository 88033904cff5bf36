import { afterAll, beforeAll } from 'vitest';
import { WRITE_MODES } from '../../../../src/shared/warehouses/port.js';
import { warehouseContract } from '../../../contracts/warehouse.js';
import { writeModesContract } from '../../../contracts/writeModes.js';
import type { OtherPostgres } from '../../../support/otherPostgres.js';
import { startOtherPostgres } from '../../../support/otherPostgres.js';
import { postgresUnderTest } from '../../../support/postgresUnderTest.js';

let server: OtherPostgres;
beforeAll(async () => {
  server = await startOtherPostgres();
});
afterAll(() => server.close());

// The system's Postgres 15 where there is one, else a second server of the embedded version.
const otherPostgres = postgresUnderTest(() => server.freshDatabase());
warehouseContract('other Postgres', otherPostgres);
writeModesContract('other Postgres', WRITE_MODES, otherPostgres);
