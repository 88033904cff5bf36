import { DuckDBInstance } from '@duckdb/node-api';
import type { EngineRow, EngineSession, EngineValue } from '../../src/shared/engine/port.js';

/** An engine session in this process, in memory: for findings that need no child process. Counts its statements. */
export async function openPlainSession(): Promise<EngineSession & { readonly statements: string[] }> {
  const instance = await DuckDBInstance.create();
  const connection = await instance.connect();
  await connection.run("SET threads = 2; SET memory_limit = '1GB'");
  const statements: string[] = [];
  const ask = async (sql: string, signal?: AbortSignal): Promise<readonly EngineRow[]> => {
    signal?.throwIfAborted();
    statements.push(sql);
    const reader = await connection.runAndReadAll(sql);
    return reader
      .getRowObjectsJS()
      .map((row) => Object.fromEntries(Object.entries(row).map(([name, value]) => [name, engineValue(value)])));
  };
  return {
    statements,
    query: ask,
    run: async (sql, signal) => void (await ask(sql, signal)),
    copyOut: () => {
      throw new Error('expected no COPY in findings');
    },
    close: async () => {
      connection.closeSync();
      instance.closeSync();
    },
  };
}

function engineValue(value: unknown): EngineValue {
  if (value === null || value === undefined) return null;
  if (value instanceof Date) return value.toISOString();
  if (
    typeof value === 'boolean' ||
    typeof value === 'number' ||
    typeof value === 'bigint' ||
    typeof value === 'string'
  ) {
    return value;
  }
  if (value instanceof Uint8Array) return value;
  if (Array.isArray(value)) return value.map(engineValue);
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, engineValue(inner)]));
}
