import { SluiceError } from '../../errors.js';
import { withDeadline } from './deadline.js';
import type { Connection, ConnectionOptions, DriverFault as SnowflakeError } from './driver.js';
import { loadDriver } from './driver.js';
import { driverError } from './errors.js';
import type { Statement } from './sql/statement.js';

/** How a session proves who it is. */
export type SnowflakeAuth =
  | { readonly kind: 'keyPair'; /** PKCS#8, PEM, without a passphrase. */ readonly privateKey: string }
  | { readonly kind: 'oauth'; readonly token: string }
  | {
      readonly kind: 'oauthClient';
      readonly clientId: string;
      readonly clientSecret: string;
      readonly tokenUrl: string;
      readonly scope?: string | undefined;
    };

export interface ConnectOptions {
  readonly account: string;
  /** Another address than the account's own: https://host:port. */
  readonly accessUrl?: string | undefined;
  readonly user: string;
  /** Asked at each login: keys and tokens change. */
  readonly auth: () => SnowflakeAuth;
  readonly role?: string | undefined;
  readonly warehouse?: string | undefined;
  readonly database: string;
  readonly schema: string;
  /** How long a login may take, in milliseconds. */
  readonly connectMs: number;
}

export interface Answer {
  readonly columns: readonly string[];
  readonly kinds: readonly ('number' | 'boolean' | 'text')[];
  readonly rows: readonly (readonly (string | null)[])[];
}

export interface RunOptions {
  /** How long the caller waits, in milliseconds. */
  readonly ms: number;
  readonly signal?: AbortSignal | undefined;
  /** Words for errors: `the query`. */
  readonly doing: string;
}

/** One session of Snowflake: statements run one after the other. */
export interface Session {
  /** Runs one statement; values come as text or null. Errors: TARGET_*, INTERNAL, or the signal's reason. */
  run(statement: Statement, options: RunOptions): Promise<Answer>;
  /** Ends the session; its open transaction is rolled back. Never fails. */
  close(): Promise<void>;
}

const CLOSE_MS = 5_000;

/** Opens a session. Errors: TARGET_AWAY, TARGET_DENIED, CONFIG_INVALID. */
export async function openSession(options: ConnectOptions): Promise<Session> {
  const auth = options.auth();
  const connection = createConnection(options, auth);
  const doing = `the login of ${options.user} at ${options.account}`;
  const connected = new Promise<void>((resolve, reject) => {
    // With a callback: the driver's promise is kept even when the server refuses the connection.
    const done = (error: SnowflakeError | null | undefined) => (error ? reject(faultOf(error, doing)) : resolve());
    // This way of logging in exists only as a promise in the driver, which calls back all the same.
    if (auth.kind === 'oauthClient') void connection.connectAsync(done);
    else connection.connect(done);
  });
  const giveUp = () => void destroy(connection);
  try {
    await withDeadline(connected, { ms: options.connectMs, giveUp, doing });
  } catch (error) {
    void destroy(connection);
    throw error;
  }
  return { run: (statement, how) => run(connection, statement, how), close: () => destroy(connection) };
}

async function run(connection: Connection, { text, binds }: Statement, options: RunOptions): Promise<Answer> {
  let cancel = () => {};
  const answered = new Promise<Answer>((resolve, reject) => {
    const statement = connection.execute({
      sqlText: text,
      ...(binds === undefined ? {} : { binds: [...binds] }),
      rowMode: 'array',
      fetchAsString: ['String', 'Boolean', 'Number', 'Date', 'JSON', 'Buffer'],
      complete: (error, done, rows) => {
        if (error) return reject(faultOf(error, options.doing));
        const columns = done.getColumns() ?? [];
        const kinds = columns.map((one) => (one.isNumber() ? 'number' : one.isBoolean() ? 'boolean' : 'text'));
        resolve({
          columns: columns.map((column) => column.getName()),
          kinds,
          rows: (rows ?? []).map((row) => textRow(row, kinds)),
        });
      },
    });
    cancel = () => statement.cancel(() => {});
  });
  return await withDeadline(answered, { ...options, giveUp: () => cancel() });
}

function createConnection(options: ConnectOptions, auth: SnowflakeAuth): Connection {
  const sdk = loadDriver();
  const { account, accessUrl, user, role, warehouse, database, schema } = options;
  return sdk.createConnection({
    account,
    username: user,
    ...authOptions(auth),
    database: driverName(database),
    schema: driverName(schema),
    application: 'sluice',
    representNullAsStringNull: false,
    sfRetryMaxLoginRetries: 2,
    ...(accessUrl !== undefined && { accessUrl }),
    ...(role !== undefined && { role }),
    ...(warehouse !== undefined && { warehouse }),
  });
}

/** The driver takes names as SQL does: what is not folded must be quoted. */
function driverName(name: string): string {
  return /^[A-Z_][A-Z0-9_$]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`;
}

function authOptions(auth: SnowflakeAuth): Partial<ConnectionOptions> {
  switch (auth.kind) {
    case 'keyPair':
      return { authenticator: 'SNOWFLAKE_JWT', privateKey: auth.privateKey };
    case 'oauth':
      return { authenticator: 'OAUTH', token: auth.token };
    case 'oauthClient':
      return {
        authenticator: 'OAUTH_CLIENT_CREDENTIALS',
        oauthClientId: auth.clientId,
        oauthClientSecret: auth.clientSecret,
        oauthTokenRequestUrl: auth.tokenUrl,
        ...(auth.scope !== undefined && { oauthScope: auth.scope }),
      };
  }
}

async function destroy(connection: Connection): Promise<void> {
  const ended = new Promise<void>((resolve) => {
    try {
      connection.destroy(() => resolve());
    } catch {
      resolve();
    }
  });
  await Promise.race([ended, new Promise((resolve) => void setTimeout(resolve, CLOSE_MS).unref())]);
}

function faultOf(error: SnowflakeError, doing: string): SluiceError {
  const code: unknown = error.code;
  return driverError(
    {
      code: code === undefined || code === null ? undefined : String(code),
      sqlState: typeof error.sqlState === 'string' ? error.sqlState : undefined,
      // Some of the driver's own have no words.
      message: typeof error.message === 'string' ? error.message : 'an error without words',
    },
    doing,
  );
}

function textRow(row: unknown, kinds: readonly string[]): readonly (string | null)[] {
  if (!Array.isArray(row)) throw new SluiceError('INTERNAL', 'expected rows as arrays from the driver');
  return row.map((value: unknown, index) => {
    if (value === null || value === undefined) return null;
    // The driver writes TRUE.
    if (kinds[index] === 'boolean') return String(value).toLowerCase();
    return typeof value === 'object' ? JSON.stringify(value) : String(value);
  });
}
