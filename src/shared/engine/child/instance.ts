import { mkdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { quoteText } from '../../schema/columns.js';
import type { EngineOptions } from '../port.js';

/** One DuckDB in memory that can touch no file outside its folders. */
export interface Instance {
  /** The connection of `run` and `query`; its temporary tables live here. */
  readonly main: DuckDBConnection;
  connect(): Promise<DuckDBConnection>;
  close(): void;
}

/** Opens DuckDB for one session and locks its configuration (but for the order of rows, which a statement may need kept). */
export async function openInstance(options: EngineOptions): Promise<Instance> {
  const { scratch, readable = [], memoryLimit = '1GB', threads = 2 } = options;
  const folders = await Promise.all([scratch, ...readable].map(async (folder) => [folder, await realpath(folder)]));
  const spill = join(scratch, '.spill');
  await mkdir(spill, { recursive: true });
  const instance = await DuckDBInstance.create(':memory:', {
    memory_limit: memoryLimit,
    threads: String(threads),
    temp_directory: spill,
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    allow_persistent_secrets: 'false',
    preserve_insertion_order: 'false',
  });
  const main = await instance.connect();
  const allowed = [...new Set(folders.flat())].map((folder) => quoteText(folder.endsWith('/') ? folder : `${folder}/`));
  for (const statement of [
    "SET GLOBAL TimeZone = 'UTC'",
    `SET allowed_directories = [${allowed.join(', ')}]`,
    'SET enable_external_access = false',
    "SET allowed_configs = ['preserve_insertion_order']",
    'SET lock_configuration = true',
  ]) {
    await main.run(statement);
  }
  return {
    main,
    connect: () => instance.connect(),
    close: () => {
      main.closeSync();
      instance.closeSync();
    },
  };
}
