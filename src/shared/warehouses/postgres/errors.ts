import type { ErrorCode, ErrorFacts } from '../../errors.js';
import { SluiceError } from '../../errors.js';
import { errorCode, isConnectionError } from '../../postgres/pool.js';

/**
 * SQLSTATE (or its class of two characters) -> code of the catalogue; the longer one wins.
 * https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const CODES: Readonly<Record<string, ErrorCode>> = {
  '08': 'TARGET_AWAY',
  '08P01': 'INTERNAL', // bytes that Postgres does not expect
  '25006': 'TARGET_AWAY', // read only: a standby
  '25P03': 'TARGET_AWAY',
  '3D000': 'TARGET_AWAY',
  '53': 'TARGET_AWAY',
  '53100': 'TARGET_FULL',
  '57': 'TARGET_AWAY',
  '58': 'TARGET_AWAY',
  '28': 'TARGET_DENIED',
  '42501': 'TARGET_DENIED',
  '40': 'TARGET_BUSY',
  '55006': 'TARGET_BUSY',
  '55P03': 'TARGET_BUSY',
  '57014': 'TARGET_BUSY', // a bound of ours, or somebody cancelled the statement
  '21': 'TARGET_REFUSED', // two rows of one key, by an equality that only the target knows
  '22': 'TARGET_REFUSED',
  '22P03': 'INTERNAL', // bytes of COPY that Postgres cannot read
  '22P04': 'INTERNAL',
  '23': 'TARGET_REFUSED',
  '44': 'TARGET_REFUSED',
  P0: 'TARGET_REFUSED', // raised by a trigger
  '0A000': 'TARGET_MISMATCH',
  '2B': 'TARGET_MISMATCH',
  '42': 'TARGET_MISMATCH',
  '42601': 'INTERNAL',
  '54': 'TARGET_MISMATCH',
};

/** Classes whose messages may quote a row's values. */
const QUOTES_VALUES = /^(21|22|23|44|P0|XX)/;

/** Any thrown thing of a load as a SluiceError, with the place but never a value of a row. `doing` says what was tried. */
export function targetError(error: unknown, doing: string, table?: string): SluiceError {
  if (error instanceof SluiceError) return error;
  const state = errorCode(error);
  const code = codeOf(error, state);
  const place = placeOf(error);
  const facts: ErrorFacts = { table, ...place, sqlState: state };
  return new SluiceError(code, `expected ${doing} to succeed, got ${reasonOf(error, state, place)}`, { facts });
}

function codeOf(error: unknown, state: string | undefined): ErrorCode {
  const mapped = state === undefined ? undefined : (CODES[state] ?? CODES[state.slice(0, 2)]);
  return mapped ?? (isConnectionError(error) ? 'TARGET_AWAY' : 'INTERNAL');
}

interface Place {
  readonly column?: string | undefined;
  readonly constraint?: string | undefined;
}

/** Postgres names the column as a field, or else in COPY's context: `COPY orders, line 2, column id: "..."`. */
function placeOf(error: unknown): Place {
  const where = textField(error, 'where') ?? '';
  const copied = /^COPY .*?, line \d+, column ([^:\n]+)/m.exec(where)?.[1];
  return { column: textField(error, 'column') ?? copied, constraint: textField(error, 'constraint') };
}

function reasonOf(error: unknown, state: string | undefined, { column, constraint }: Place): string {
  const text = error instanceof Error ? error.message : String(error);
  if (state === undefined || !/^[0-9A-Z]{5}$/.test(state) || state.startsWith('E')) return text;
  if (!QUOTES_VALUES.test(state)) return `${text} (SQLSTATE ${state})`;
  const reason = REASONS[state] ?? 'a refused row';
  const where = [column && `column ${column}`, constraint && `constraint ${constraint}`].filter(Boolean).join(', ');
  return `${reason}${where === '' ? '' : ` in ${where}`} (SQLSTATE ${state})`;
}

/** What Postgres would say with the value in it. */
const REASONS: Readonly<Record<string, string>> = {
  '22001': 'a text too long for the column',
  '22003': 'a number out of range',
  '22007': 'no valid date or time',
  '22008': 'a date or time out of range',
  '22021': 'a text that is no valid UTF-8 (or holds a NUL byte)',
  '22P02': 'a value that is none of the type',
  '22P05': 'a character that the type cannot hold (NUL)',
  '23502': 'a NULL where none may be',
  '23503': 'a row without its referenced row',
  '23505': 'a second row with the same unique key',
  '23514': 'a row that breaks a check',
  '23P01': 'a row that breaks an exclusion',
  P0001: 'a refusal by a trigger',
};

function textField(error: unknown, name: 'where' | 'column' | 'constraint'): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const value: unknown = Object.getOwnPropertyDescriptor(error, name)?.value;
  return typeof value === 'string' && value !== '' ? value : undefined;
}
