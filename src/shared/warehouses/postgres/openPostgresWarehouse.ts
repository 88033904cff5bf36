import type { Pool } from 'pg';
import { openPool } from '../../postgres/pool.js';
import type { Asked, Warehouse } from '../port.js';
import { afterLoad } from './afterLoad.js';
import { DEFAULT_BOUNDS } from './bounds.js';
import type { Bounds } from './bounds.js';
import { targetError } from './errors.js';
import { parseTableName, tableKey } from './identifiers.js';
import type { OnPhase } from './loadBatch.js';
import { loadBatch } from './loadBatch.js';
import { presentRows } from './presentRows.js';
import { retirePartitions } from './retirePartitions.js';

/** A Postgres target. */
export interface PostgresWarehouseOptions {
  /** Its name in the configuration. */
  readonly name: string;
  /** postgres:// URL. */
  readonly url: string;
  /** Where tables without a schema live; created when it is absent. */
  readonly schema: string;
  /** Loads at once, and a little more: default 6. */
  readonly maxConnections?: number;
  readonly bounds?: Partial<Bounds>;
  /** How rows travel. Default `binary`, where it covers the batch's types; else, and with `text`, as text. */
  readonly copyFormat?: 'binary' | 'text';
  /** Called at each phase of a load: for tests that cut loads off. */
  readonly onPhase?: OnPhase;
}

/** Opens a Postgres target; connects at the first use. */
export async function openPostgresWarehouse(options: PostgresWarehouseOptions): Promise<Warehouse> {
  const { name, url, schema, maxConnections = 6, copyFormat = 'binary', onPhase } = options;
  const bounds = { ...DEFAULT_BOUNDS, ...options.bounds };
  const pool = openPool({ url, max: maxConnections, applicationName: `sluice ${name}` });
  const background = openBackground();
  return {
    kind: 'postgres',
    displayUrl: displayUrl(url),
    load: async (request) => {
      const table = parseTableName(request.table, schema);
      return await named(`the load into ${tableKey(table)}`, tableKey(table), async () =>
        afterLoad(
          { pool, table, schema, bounds, later: background.start },
          request,
          await loadBatch({ pool, table, bounds, copyFormat, onPhase }, request),
        ),
      );
    },
    presentRows: async (text, objects) => {
      const table = parseTableName(text, schema);
      return await named(`the count in ${tableKey(table)}`, tableKey(table), () =>
        presentRows(pool, { table, objects, bounds }),
      );
    },
    retire: async (request) => {
      const table = parseTableName(request.table, schema);
      return await named(`the retirement of partitions of ${tableKey(table)}`, tableKey(table), () =>
        retirePartitions(pool, { table, bounds }, request),
      );
    },
    ask: (sql) => named('the query', undefined, () => ask(pool, sql)),
    close: async () => {
      await background.ended();
      await pool.end();
    },
  };
}

/** Work beside the loads, one after the other: best effort. */
function openBackground() {
  let last: Promise<unknown> = Promise.resolve();
  return {
    start: (work: () => Promise<unknown>) => {
      last = last.then(work).catch(() => {});
    },
    ended: () => last,
  };
}

async function named<T>(doing: string, table: string | undefined, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw targetError(error, doing, table);
  }
}

/** Values as Postgres prints them. Of several statements the last one answers. */
async function ask(pool: Pool, sql: string): Promise<Asked> {
  const answer = await pool.query<(string | null)[]>({
    text: sql,
    rowMode: 'array',
    types: { getTypeParser: () => (text: string) => text },
  });
  const last = Array.isArray(answer) ? answer.at(-1) : answer;
  const fields: readonly { name: string; dataTypeID: number }[] = last.fields;
  return {
    columns: fields.map(({ name }) => name),
    kinds: fields.map(({ dataTypeID }) => KINDS.get(dataTypeID) ?? 'text'),
    rows: last.rows,
  };
}

/** By the OIDs of pg_type: int8, int2, int4, oid, float4, float8, numeric, bool. */
const KINDS: ReadonlyMap<number, Asked['kinds'][number]> = new Map([
  ...[20, 21, 23, 26, 700, 701, 1700].map((oid) => [oid, 'number'] as const),
  [16, 'boolean'],
]);

function displayUrl(url: string): string {
  // Neither the password nor parameters, which may carry one.
  return url.replace(/^([a-z]+:\/\/[^:/@?]*)(:[^@]*)?(@|\/|$)/, '$1$3').replace(/\?.*$/, '');
}
