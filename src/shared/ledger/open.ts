import { actionLedger } from './actions.js';
import { loadedLedger } from './loaded.js';
import { openPool } from '../postgres/pool.js';
import { alertLedger } from './alerts.js';
import { anomalyLedger } from './anomalies.js';
import { arrivalLedger } from './arrivals.js';
import { ledgerDatabase } from './database.js';
import { migrate } from './migrate.js';
import { objectLedger } from './objects.js';
import { planLedger } from './plans.js';
import type { Ledger } from './port.js';
import { readLedger } from './read.js';
import { mergeLedger } from './merges.js';
import { replaceLedger } from './replaces.js';
import { originalsLedger } from './originals.js';
import { recoveryLedger } from './recovery.js';
import { custodyLedger } from './custodyLedger.js';
import { scaleLedger } from './demand.js';
import { stepLedger } from './steps.js';

/** Where the ledger is and how much of it one process takes. */
export interface LedgerOptions {
  /** postgres:// URL of its database; its tables live in the schema `sluice`. */
  readonly url: string;
  /** Most connections of this process. Default 5. */
  readonly maxConnections?: number;
  /** Shown in pg_stat_activity. Default `sluice`. */
  readonly applicationName?: string;
}

/**
 * The ledger's statements take some rows by their keys out of very many. Costed for spinning disks, the planner would rather
 * read all of `objects` for a batch of ten thousand; and compiling or parallelising such statements costs more than it gives.
 */
const SETTINGS = { random_page_cost: '1.1', jit: 'off', max_parallel_workers_per_gather: '0' };

/**
 * Opens the ledger on Postgres (13 or newer); the tables are there once `migrate` was called by anybody. All times that decide
 * (leases, due times) are the database's clock. Throws LEDGER_AWAY when there is no answer, now or in any later call.
 */
export async function openLedger({
  url,
  maxConnections = 5,
  applicationName = 'sluice',
}: LedgerOptions): Promise<Ledger> {
  const pool = openPool({ url, max: maxConnections, applicationName, settings: SETTINGS });
  const database = ledgerDatabase(pool);
  let closing: Promise<void> | undefined;
  const close = () => (closing ??= pool.end());
  try {
    await database.rows('SELECT 1');
  } catch (error) {
    await close();
    throw error;
  }
  return {
    objects: objectLedger(database),
    arrivals: arrivalLedger(database),
    plans: planLedger(database),
    replaces: replaceLedger(database),
    steps: stepLedger(database),
    recovery: recoveryLedger(database),
    custody: custodyLedger(database),
    read: readLedger(database),
    scale: scaleLedger(database),
    anomalies: anomalyLedger(database),
    alerts: alertLedger(database),
    actions: actionLedger(database),
    originals: originalsLedger(database),
    loaded: loadedLedger(database),
    merges: mergeLedger(database),
    migrate: () => migrate(database),
    close,
  };
}
