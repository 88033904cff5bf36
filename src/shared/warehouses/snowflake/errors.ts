import type { ErrorCode } from '../../errors.js';
import { SluiceError } from '../../errors.js';

/** What the driver said, without the statement. */
export interface DriverFault {
  /** Snowflake's own code (`002003`), or the driver's (`401001`). */
  readonly code: string | undefined;
  readonly sqlState: string | undefined;
  readonly message: string;
}

/** Snowflake's codes and the driver's -> code of the catalogue. */
const CODES: Readonly<Record<string, ErrorCode>> = {
  '000603': 'TARGET_AWAY', // internal error of one execution
  '000604': 'TARGET_BUSY', // cancelled
  '000606': 'TARGET_AWAY', // no active warehouse
  '000610': 'TARGET_AWAY',
  '000625': 'TARGET_BUSY', // a lock, too many waiters
  '000630': 'TARGET_BUSY', // statement timeout
  '001003': 'INTERNAL', // Sluice's own SQL has a fault
  '002003': 'TARGET_DENIED', // does not exist or not authorized
  '002043': 'TARGET_DENIED',
  '003001': 'TARGET_DENIED',
  '090073': 'TARGET_AWAY', // warehouse cannot be resumed: the resource monitor's quota
  '091016': 'TARGET_BUSY', // a staged file is gone: a later attempt was done with it
  '100178': 'TARGET_REFUSED',
  '390100': 'TARGET_DENIED', // user or password
  '390104': 'TARGET_AWAY', // session token invalid
  '390111': 'TARGET_AWAY', // session gone
  '390112': 'TARGET_AWAY', // session token expired
  '390114': 'TARGET_AWAY', // authentication token expired
  '390144': 'TARGET_DENIED', // JWT
  '390186': 'TARGET_DENIED', // role not granted
  '390201': 'TARGET_DENIED',
  '390303': 'TARGET_DENIED', // OAuth token
  '390318': 'TARGET_DENIED',
  '390422': 'TARGET_DENIED', // address not allowed by the network policy
};

/** SQLSTATE (or its class of two characters); the longer one wins. */
const STATES: Readonly<Record<string, ErrorCode>> = {
  '02': 'TARGET_DENIED',
  '08': 'TARGET_AWAY',
  '22': 'TARGET_REFUSED',
  '23': 'TARGET_REFUSED',
  '40': 'TARGET_BUSY',
  '42501': 'TARGET_DENIED',
  '42': 'TARGET_MISMATCH',
  '57': 'TARGET_BUSY',
  '57P03': 'TARGET_AWAY',
};

/** Faults whose words may quote a row's values. */
const QUOTES_VALUES = /^(22|23|42P18|0A|P0)/;
const QUOTING_CODES = /^100\d{3}$/;

/** A driver's fault as a SluiceError: Snowflake's code and words, without a value of a row. `doing` says what was tried. */
export function driverError(fault: DriverFault, doing: string): SluiceError {
  const facts = { snowflakeCode: fault.code, sqlState: fault.sqlState };
  return new SluiceError(codeOf(fault), `expected ${doing} to succeed, got ${reasonOf(fault)}`, { facts });
}

function codeOf({ code, sqlState }: DriverFault): ErrorCode {
  const known = code === undefined ? undefined : CODES[code];
  if (known !== undefined) return known;
  // The driver's own: 401 network and answers, 402 the answer's chunks, 403-406 its arguments, 407 and 408 the connection.
  if (code !== undefined && /^(401|402|407|408)\d{3}$/.test(code)) return 'TARGET_AWAY';
  if (code !== undefined && /^40[3-6]\d{3}$/.test(code)) return 'CONFIG_INVALID';
  if (sqlState === undefined) return 'TARGET_AWAY';
  return STATES[sqlState] ?? STATES[sqlState.slice(0, 2)] ?? 'INTERNAL';
}

function reasonOf({ code, sqlState, message }: DriverFault): string {
  const where = [code, sqlState && `SQLSTATE ${sqlState}`].filter(Boolean).join(', ');
  const quotes = QUOTES_VALUES.test(sqlState ?? '') || QUOTING_CODES.test(code ?? '');
  const reason = quotes ? (REASONS[code ?? ''] ?? 'a refused row') : message.split('\n').slice(0, 2).join(' ');
  return where === '' ? reason : `${reason} (${where})`;
}

/** What Snowflake would say with the value in it. */
const REASONS: Readonly<Record<string, string>> = {
  '100035': 'a timestamp that is none',
  '100037': 'a boolean that is none',
  '100038': 'a number that is none',
  '100040': 'a date that is none',
  '100046': 'a number out of range',
  '100069': 'a text that is no JSON',
  '100072': 'a NULL where none may be',
  '100078': 'a text or binary too long for the column',
  '100090': 'several rows of the source for one row of the target',
  '100132': 'a number out of range',
  '100183': 'a Parquet file that cannot be read',
};
