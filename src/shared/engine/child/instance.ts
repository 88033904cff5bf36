import { mkdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { DuckDBConnection, type DuckDBMaterializedResult } from '@duckdb/node-api';
import duckdb from '@duckdb/node-bindings';
import { quoteText } from '../../schema/columns.js';
import type { EngineOptions } from '../port.js';
import { runStatements } from './statements.js';

/** One DuckDB in memory that can touch no file outside its folders. */
export interface Instance {
  /** Runs statements on the main connection, which has the session's temporary tables; the last result is the answer. */
  run(sql: string): Promise<DuckDBMaterializedResult>;
  /** Stops what runs on the main connection. */
  interrupt(): void;
  /** Another connection. */
  connect(): Promise<DuckDBConnection>;
  close(): void;
}

/** Opens DuckDB for one session and locks its configuration (but for the order of rows, which a statement may need kept). */
export async function openInstance(options: EngineOptions): Promise<Instance> {
  const { scratch, readable = [], memoryLimit = '1GB', threads = 2 } = options;
  const folders = await Promise.all([scratch, ...readable].map(async (folder) => [folder, await realpath(folder)]));
  const spill = join(scratch, '.spill');
  await mkdir(spill, { recursive: true });
  const config = duckdb.create_config();
  for (const [name, value] of Object.entries({
    memory_limit: memoryLimit,
    threads: String(threads),
    external_threads: '0',
    temp_directory: spill,
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    allow_persistent_secrets: 'false',
    preserve_insertion_order: 'false',
  })) {
    duckdb.set_config(config, name, value);
  }
  const database = await duckdb.open(':memory:', config);
  const main = await duckdb.connect(database);
  const allowed = [...new Set(folders.flat())].map((folder) => quoteText(folder.endsWith('/') ? folder : `${folder}/`));
  for (const statement of [
    "SET GLOBAL TimeZone = 'UTC'",
    `SET allowed_directories = [${allowed.join(', ')}]`,
    'SET enable_external_access = false',
    "SET allowed_configs = ['preserve_insertion_order', 'disabled_optimizers']",
    'SET lock_configuration = true',
  ]) {
    await runStatements(main, statement);
  }
  return {
    run: (sql) => runStatements(main, sql),
    interrupt: () => duckdb.interrupt(main),
    connect: async () => new DuckDBConnection(await duckdb.connect(database)),
    close: () => {
      duckdb.disconnect_sync(main);
      duckdb.close_sync(database);
    },
  };
}
