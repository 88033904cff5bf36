import { WRITE_MODES } from '../../../../src/shared/warehouses/port.js';
import { warehouseContract } from '../../../contracts/warehouse.js';
import { writeModesContract } from '../../../contracts/writeModes.js';
import { freshDatabase } from '../../../support/databases.js';
import { postgresUnderTest } from '../../../support/postgresUnderTest.js';

warehouseContract('Postgres', postgresUnderTest(freshDatabase));
writeModesContract('Postgres', WRITE_MODES, postgresUnderTest(freshDatabase));
