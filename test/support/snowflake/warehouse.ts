import { generateKeyPairSync } from 'node:crypto';
import { copyFile, mkdir, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LoadArtifact, LoadRequest, Warehouse } from '../../../src/shared/warehouses/port.js';
import type { SnowflakeWarehouseOptions } from '../../../src/shared/warehouses/snowflake/openSnowflakeWarehouse.js';
import { openSnowflakeWarehouse } from '../../../src/shared/warehouses/snowflake/openSnowflakeWarehouse.js';
import type { StandIn, StandInOptions } from './server.js';
import { startSnowflake } from './server.js';

/** A user's key pair, PEM. */
export const KEYS = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});

/** A stand-in whose user LOADER logs in by key pair, with a lake behind the integration LAKE_S3. */
export async function startAccount(options: StandInOptions = {}): Promise<{ standIn: StandIn; lake: string }> {
  const lake = await mkdtemp(join(tmpdir(), 'sluice-lake-'));
  const standIn = await startSnowflake({
    publicKeys: { LOADER: KEYS.publicKey },
    integrations: { LAKE_S3: lake },
    ...options,
  });
  const close = standIn.close;
  const closeBoth = async () => {
    await close();
    await rm(lake, { recursive: true, force: true });
  };
  return { standIn: { ...standIn, close: closeBoth }, lake };
}

/** How to reach the stand-in. */
export function reach(standIn: StandIn): SnowflakeWarehouseOptions['connect'] {
  return {
    account: 'acme-eu',
    accessUrl: standIn.url,
    user: 'LOADER',
    auth: () => ({ kind: 'keyPair', privateKey: KEYS.privateKey }),
    role: 'LOADER',
    warehouse: 'LOADING_WH',
    database: 'RAW',
    schema: 'PUBLIC',
  };
}

/** A Snowflake warehouse on the stand-in; requests without artifacts get theirs written by the engine first. */
export function openOn(
  { standIn, lake }: { standIn: StandIn; lake: string },
  options: Partial<SnowflakeWarehouseOptions> = {},
): Warehouse {
  const stage = options.stage ?? { kind: 'internal' };
  const warehouse = openSnowflakeWarehouse({ name: 'snow', connect: reach(standIn), stage, ...options });
  return { ...warehouse, load: async (request) => await warehouse.load(await withArtifacts(request, lake)) };
}

let written = 0;

/** The request's source as a Parquet file in the lake, as compact leaves it. */
export async function withArtifacts(request: LoadRequest, lake: string): Promise<LoadRequest> {
  if (request.artifacts.length > 0) return request;
  written += 1;
  const number = written;
  const key = `curated/${request.batch}-${request.attempt}-${number}.parquet`;
  const file = join(lake, key);
  await mkdir(join(file, '..'), { recursive: true });
  const [scratch] = await request.session.query(`SELECT current_setting('temp_directory') AS folder`);
  const local = join(String(scratch?.['folder']), '..', `artifact-${process.pid}-${number}.parquet`);
  await request.session.run(`COPY (SELECT * FROM ${request.source}) TO '${local}' (FORMAT parquet)`);
  const [counted] = await request.session.query(`SELECT count(*) AS n FROM read_parquet('${local}')`);
  await copyFile(local, file);
  const artifact: LoadArtifact = { key, bytes: (await stat(file)).size, rows: Number(counted?.['n']), file };
  return { ...request, artifacts: [artifact] };
}
