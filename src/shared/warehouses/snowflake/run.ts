import { SluiceError } from '../../errors.js';
import type { Answer, Session } from './client.js';
import type { Statement } from './sql/statement.js';

/** How long statements may take, in milliseconds. */
export interface Bounds {
  readonly connectMs: number;
  /** Books, DDL, questions; also how long a lock is waited for. */
  readonly statementMs: number;
  /** Statements that move the rows of a batch. */
  readonly rowsMs: number;
  /** How long a pipe may take, and how often it is asked. */
  readonly pipeMs: number;
  readonly pollMs: number;
}

/** Half a minute to log in, two for a statement, an hour for the rows of a batch, half an hour for a pipe. */
export const DEFAULT_BOUNDS: Bounds = {
  connectMs: 30_000,
  statementMs: 120_000,
  rowsMs: 3_600_000,
  pipeMs: 1_800_000,
  pollMs: 5_000,
};

/** Runs a statement of a load; `rows` marks those that move a batch. */
export type Run = (statement: Statement, kind?: 'rows') => Promise<Answer>;

/** Statements of one session, with the bounds and the signal of one piece of work. */
export function runner(
  session: Session,
  bounds: Bounds,
  { doing, signal }: { doing: string; signal?: AbortSignal | undefined },
): Run {
  return (statement, kind) =>
    session.run(statement, { ms: kind === 'rows' ? bounds.rowsMs : bounds.statementMs, signal, doing });
}

/** A number of the answer's first row. Errors: INTERNAL when there is none. */
export function numberAt({ rows }: Answer, index: number): number {
  const text = rows[0]?.[index];
  const value = Number(text);
  if (text === null || text === undefined || !Number.isSafeInteger(value)) {
    throw new SluiceError('INTERNAL', `expected a whole number in column ${index + 1} of the answer, got none`);
  }
  return value;
}

/** A column of the answer by name, whatever its case. Errors: INTERNAL. */
export function columnOf({ columns, rows }: Answer, name: string): readonly (string | null)[] {
  const index = columns.findIndex((column) => column.toLowerCase() === name.toLowerCase());
  if (index < 0)
    throw new SluiceError('INTERNAL', `expected a column ${name} in the answer, got ${columns.join(', ')}`);
  return rows.map((row) => row[index] ?? null);
}
