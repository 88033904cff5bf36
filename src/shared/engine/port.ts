import type { Readable } from 'node:stream';

/** A value as the engine returns it: BIGINT and wider come as bigint, decimals as their text, temporal types as ISO text. */
export type EngineValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | readonly EngineValue[]
  | { readonly [key: string]: EngineValue };
export type EngineRow = Readonly<Record<string, EngineValue>>;

export interface EngineOptions {
  /** An existing folder. The session may read and write here and nowhere else, and spills here. */
  readonly scratch: string;
  /** Further folders the session may read (local files given to `sluice profile` and the like). */
  readonly readable?: readonly string[];
  /** DuckDB's own notation. Default 1GB. */
  readonly memoryLimit?: string;
  /** Default 2. */
  readonly threads?: number;
}

export interface CopyOutRequest {
  /** A SELECT whose columns, in order and by name, are those of the COPY. */
  readonly sql: string;
  /** `postgres-text`: COPY text format. `postgres-binary`: COPY BINARY with its header and trailer; only for types that `binaryCovers` accepts. */
  readonly encoding: 'postgres-text' | 'postgres-binary';
  /** DuckDB types of the SELECT's columns, in order. */
  readonly types: readonly string[];
  readonly signal?: AbortSignal;
}

/** One DuckDB instance, in a child process that is reused when the session closes well. */
export interface EngineSession {
  /** Runs one or more statements; rows are dropped. Errors: ENGINE_QUERY, ENGINE_MEMORY, ENGINE_DIED, SCRATCH_FULL. */
  run(sql: string, signal?: AbortSignal): Promise<void>;
  /** Runs one statement and returns its rows (at most 100,000: for findings and aggregates, never for data). */
  query(sql: string, signal?: AbortSignal): Promise<readonly EngineRow[]>;
  /**
   * Streams a SELECT's rows as bytes ready for Postgres COPY FROM STDIN, in no order. It begins when it is read, on a
   * connection of its own: it sees the session's tables and views, but no temporary ones. Copies follow each other.
   */
  copyOut(request: CopyOutRequest): Readable;
  close(): Promise<void>;
}

/** The engine: a pool of child processes. A child that dies costs the one session it held (ENGINE_DIED). */
export interface Engine {
  open(options: EngineOptions): Promise<EngineSession>;
  /** Its living processes and their resident memory in bytes; 0 bytes where the system does not tell. */
  memory(): Promise<{ readonly processes: number; readonly bytes: number }>;
  close(): Promise<void>;
}
