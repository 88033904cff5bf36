import { createRequire } from 'node:module';

/** An error of the driver. Its code is Snowflake's (text) or the driver's own (a number). */
export interface DriverFault {
  readonly message: string;
  readonly code?: unknown;
  readonly sqlState?: unknown;
}

export interface DriverColumn {
  getName(): string;
  isNumber(): boolean;
  isBoolean(): boolean;
}

/** A statement under way. */
export interface DriverStatement {
  getColumns(): readonly DriverColumn[] | undefined;
  cancel(done: () => void): void;
}

export interface ExecuteOptions {
  readonly sqlText: string;
  readonly binds?: readonly (string | number | null)[];
  readonly rowMode: 'array';
  readonly fetchAsString: readonly ('String' | 'Boolean' | 'Number' | 'Date' | 'JSON' | 'Buffer')[];
  readonly complete: (
    error: DriverFault | null | undefined,
    statement: DriverStatement,
    rows: readonly unknown[] | undefined,
  ) => void;
}

/** A session of the driver. */
export interface Connection {
  connect(done: (error: DriverFault | null | undefined) => void): void;
  connectAsync(done: (error: DriverFault | null | undefined) => void): Promise<unknown>;
  execute(options: ExecuteOptions): DriverStatement;
  destroy(done: () => void): void;
}

/** https://docs.snowflake.com/en/developer-guide/node-js/nodejs-driver-options */
export interface ConnectionOptions {
  readonly account: string;
  readonly username: string;
  readonly authenticator?: string;
  readonly privateKey?: string;
  readonly token?: string;
  readonly oauthClientId?: string;
  readonly oauthClientSecret?: string;
  readonly oauthTokenRequestUrl?: string;
  readonly oauthScope?: string;
  readonly accessUrl?: string;
  readonly role?: string;
  readonly warehouse?: string;
  readonly database: string;
  readonly schema: string;
  readonly application: string;
  readonly representNullAsStringNull: boolean;
  readonly sfRetryMaxLoginRetries: number;
}

/** What of `snowflake-sdk` is used. */
interface Driver {
  configure(options: { readonly logLevel: 'OFF'; readonly additionalLogToConsole: boolean }): void;
  createConnection(options: ConnectionOptions): Connection;
}

let driver: Driver | undefined;

/**
 * The driver, which takes half a second and 60 MB to load: only who has a Snowflake target pays for it. It logs nothing: its own log
 * would hold statements.
 */
export function loadDriver(): Driver {
  if (driver !== undefined) return driver;
  const loaded: Driver = createRequire(import.meta.url)('snowflake-sdk');
  loaded.configure({ logLevel: 'OFF', additionalLogToConsole: false });
  driver = loaded;
  return loaded;
}
