import { execFile, spawnSync } from 'node:child_process';
import { createReadStream, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { openEngine } from '../../src/shared/engine/open.js';
import type { EngineSession } from '../../src/shared/engine/port.js';
import { asBatchId, asObjectId } from '../../src/shared/ids.js';
import { isProvenance } from '../../src/shared/schema/typeKind.js';
import type { LoadRequest, WriteMode } from '../../src/shared/warehouses/port.js';
import { openPostgresWarehouse } from '../../src/shared/warehouses/postgres/openPostgresWarehouse.js';
import { type Args, type Json, numberOf, type OpenSide, textOf } from '../harness/side.js';

/** The one batch that is loaded; its id stands in every row, so that all sides write the same rows. */
export const BATCH = '01900000-0000-7000-8000-000000000001';
const NEXT_BATCH = '01900000-0000-7000-8000-000000000002';
const TABLE = 'events';

/** A load of the artifact, as a worker makes it: fence, books, rows, commit. */
export async function append(args: Args): Promise<OpenSide> {
  const { load, session, close } = await openLoad(args, 'append');
  const run = async () => {
    const receipt = await load({ batch: asBatchId(BATCH), source: sourceOf(args) });
    return { units: receipt.rows };
  };
  await session.query('SELECT 1');
  return { run, digest: () => digestTable(textOf(args, 'url')), close };
}

/** An upsert of the artifact's rows, all of which the table has already, and of which every tenth has changed. */
export async function upsert(args: Args): Promise<OpenSide> {
  const { load, close } = await openLoad(args, 'upsert');
  await load({ batch: asBatchId(BATCH), source: sourceOf(args) });
  const changed = `(SELECT * REPLACE (
      CASE WHEN event_seq % 10 = 0 THEN received_at + INTERVAL 1 DAY ELSE received_at END AS received_at,
      CASE WHEN event_seq % 10 = 0 THEN quantity + 1 ELSE quantity END::SMALLINT AS quantity,
      md5(_sluice_object::VARCHAR)::UUID AS _sluice_object) FROM ${sourceOf(args)})`;
  const run = async () => {
    await load({ batch: asBatchId(NEXT_BATCH), source: changed, again: true });
    return { units: numberOf(args, 'rows') };
  };
  return { run, digest: () => digestTable(textOf(args, 'url')), close };
}

/** psql's \copy of a ready file (or, without psql, the same COPY from Node) into the table as Sluice makes it. */
export async function copyFile(args: Args): Promise<OpenSide> {
  const empty = await openLoad(args, 'append');
  await empty.load({ batch: asBatchId(BATCH), source: `(SELECT * FROM ${sourceOf(args)} LIMIT 0)`, none: true });
  await empty.close();
  const url = textOf(args, 'url');
  const file = textOf(args, 'readyFile');
  const options = `(FORMAT ${textOf(args, 'fileFormat')})`;
  const columns = await copiedColumns(url);
  const run = async () => {
    if (hasPsql()) {
      await psql(url, `\\copy ${TABLE} (${columns}) from '${file}' with ${options}`);
    } else {
      const sql = `COPY ${TABLE} (${columns}) FROM STDIN WITH ${options}`;
      await withClient(url, (client) => pipeline(createReadStream(file), client.query(copyFrom(sql))));
    }
    return { units: numberOf(args, 'rows') };
  };
  return { run, digest: () => digestTable(url), close: async () => {} };
}

/** Columns whose values come with the rows; the time of loading is Postgres's own. */
export async function copiedColumns(url: string): Promise<string> {
  const { rows } = await withClient(url, (client) =>
    client.query<{ name: string }>(
      `SELECT quote_ident(attname) AS name FROM pg_attribute
       WHERE attrelid = '${TABLE}'::regclass AND attnum > 0 AND NOT attisdropped AND attname <> '_sluice_loaded_at' ORDER BY attnum`,
    ),
  );
  return rows.map(({ name }) => name).join(', ');
}

/** Runs one command of psql; its error is psql's own, without the URL's password. */
async function psql(url: string, command: string): Promise<void> {
  await promisify(execFile)('psql', [url, '-q', '-v', 'ON_ERROR_STOP=1', '-c', command]).catch((error: unknown) => {
    throw new Error(error instanceof Error && 'stderr' in error ? String(error.stderr) : 'psql failed');
  });
}

/** Whether psql is installed here. */
export function hasPsql(): boolean {
  return spawnSync('psql', ['--version'], { stdio: 'ignore' }).status === 0;
}

interface OneLoad {
  readonly batch: LoadRequest['batch'];
  readonly source: string;
  /** Makes the table, loads nothing. */
  readonly none?: boolean;
  /** The objects of the source are others than those of the artifact. */
  readonly again?: boolean;
}

async function openLoad(args: Args, mode: WriteMode) {
  const scratch = textOf(args, 'scratch');
  mkdirSync(scratch, { recursive: true });
  const engine = openEngine({ maxChildren: 1 });
  const session = await engine.open({
    scratch,
    readable: [dirname(textOf(args, 'artifact'))],
    memoryLimit: '2GB',
    threads: 2,
  });
  const warehouse = await openPostgresWarehouse({ name: 'bench', url: textOf(args, 'url'), schema: 'public' });
  const columns = (await session.query(`DESCRIBE SELECT * FROM ${sourceOf(args)}`))
    .map((row) => ({ name: String(row['column_name']), type: String(row['column_type']) }))
    .filter(({ name }) => !isProvenance(name));
  const objects = await objectsOf(session, sourceOf(args));
  const load = async ({ batch, source, none = false, again = false }: OneLoad) =>
    warehouse.load({
      batch,
      attempt: 1,
      manifestHash: 'a'.repeat(64),
      table: TABLE,
      mode,
      ...(mode === 'upsert' ? { key: ['event_seq'], orderBy: ['received_at'] } : {}),
      columns,
      objects: none ? [] : again ? await objectsOf(session, source) : objects,
      removes: [],
      artifacts: [],
      source,
      session,
    });
  const close = async () => {
    await warehouse.close();
    await session.close();
    await engine.close();
  };
  return { load, session, close };
}

async function objectsOf(session: EngineSession, source: string): Promise<LoadRequest['objects']> {
  const rows = await session.query(
    `SELECT _sluice_object::VARCHAR AS object, count(*) AS rows FROM ${source} GROUP BY 1 ORDER BY 1`,
  );
  return rows.map((row) => ({ object: asObjectId(String(row['object'])), rows: Number(row['rows']) }));
}

function sourceOf(args: Args): string {
  return `read_parquet(['${textOf(args, 'artifact')}'])`;
}

async function digestTable(url: string): Promise<Json> {
  const columns = await copiedColumns(url);
  return withClient(url, async (client) => {
    await client.query(`SET TimeZone = 'UTC'`);
    const { rows } = await client.query<{ rows: string; hashes: string }>(
      `SELECT count(*)::text AS rows, sum(hashtext((ROW(${columns}))::text)::bigint)::text AS hashes FROM ${TABLE}`,
    );
    return { rows: rows[0]?.rows ?? '', hashes: rows[0]?.hashes ?? '' };
  });
}

/** Works with a connection of its own. */
export async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
