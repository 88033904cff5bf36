const NETWORK_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EAI_AGAIN',
  'ENOENT',
]);

/** SQLSTATEs of a server that is not there for us now: starting, stopping, terminated by an administrator, no free connection. */
const SERVER_CODES = new Set(['57P01', '57P02', '57P03', '53300']);

/** What pg says, without any code, when a connection ends or cannot be had in time. */
const DRIVER_MESSAGES =
  /^Connection terminated|^timeout exceeded when trying to connect|^Client has encountered a connection error|^timeout expired/;

/** The SQLSTATE or network code of a thrown thing; undefined when it has none. */
export function errorCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** True when the database was away (refused, reset, terminated, starting up): the same statement may succeed later. */
export function isConnectionError(error: unknown): boolean {
  const code = errorCode(error);
  if (code !== undefined) return NETWORK_CODES.has(code) || SERVER_CODES.has(code) || code.startsWith('08');
  return error instanceof Error && DRIVER_MESSAGES.test(error.message);
}
