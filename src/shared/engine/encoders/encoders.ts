import type { DuckDBConnection } from '@duckdb/node-api';
import type { CopyOrder } from '../messages.js';
import type { CopyOutRequest } from '../port.js';
import { encodePostgresBinary } from './postgresBinary.js';
import { encodePostgresText } from './postgresText.js';

/**
 * Runs the SELECT on a connection of its own and hands its rows to `write`, encoded. Waits for each `write` before the
 * next: that is the backpressure. It runs in the engine's child process.
 */
export type Encoder = (
  connection: DuckDBConnection,
  request: CopyOrder,
  write: (bytes: Uint8Array) => Promise<void>,
) => Promise<void>;

/** The one list of encodings. */
export const encoders: Readonly<Record<CopyOutRequest['encoding'], Encoder>> = {
  'postgres-text': encodePostgresText,
  'postgres-binary': encodePostgresBinary,
};
