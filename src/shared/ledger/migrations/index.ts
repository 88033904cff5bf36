import { objectTables } from './001_objects.js';
import { batchTables } from './002_batches.js';
import { custodyTables } from './003_custody.js';
import { arrivalTables } from './004_arrivals.js';
import { rowTables } from './010_rows.js';
import { originalTables } from './013_originals.js';
import { anomalyTables } from './020_anomalies.js';
import { alertTables } from './021_alerts.js';
import { paceTables } from './038_paces.js';
import { actionTables } from './040_actions.js';
import { replaceTables } from './050_replace.js';
import { mergeTables } from './054_merges.js';

/** One step of the ledger's shape. Once released its SQL never changes: the ledger remembers its checksum. */
export interface Migration {
  readonly id: number;
  readonly name: string;
  readonly sql: string;
}

/** Every migration, in the order of their ids. */
export const MIGRATIONS: readonly Migration[] = [
  { id: 1, name: 'objects', sql: objectTables },
  { id: 2, name: 'batches', sql: batchTables },
  { id: 3, name: 'custody', sql: custodyTables },
  { id: 4, name: 'arrivals', sql: arrivalTables },
  { id: 10, name: 'rows', sql: rowTables },
  { id: 13, name: 'originals', sql: originalTables },
  { id: 20, name: 'anomalies', sql: anomalyTables },
  { id: 21, name: 'alerts', sql: alertTables },
  { id: 38, name: 'paces', sql: paceTables },
  { id: 40, name: 'actions', sql: actionTables },
  { id: 50, name: 'replace', sql: replaceTables },
  { id: 54, name: 'merges', sql: mergeTables },
];
