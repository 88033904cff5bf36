import Table from 'cli-table3';
import { readEnvironment } from '../shared/config/load.js';
import type { SluiceError } from '../shared/errors.js';

export type Cell = string | number | bigint | boolean | undefined | null;

/** Where a command speaks: answers on standard output, everything else on standard error. Nothing else in Sluice prints. */
export interface Output {
  readonly json: boolean;
  /** True where progress may be drawn: standard error is a terminal. */
  readonly live: boolean;
  readonly paint: Paint;
  /** With --json one line with the document; else what `show` prints. */
  answer(document: unknown, show: () => void): void;
  /** A line of an answer for people; nothing with --json. */
  line(text?: string): void;
  table(head: readonly string[], rows: readonly (readonly Cell[])[]): void;
  /** Progress and remarks, on standard error. */
  note(text: string): void;
  error(error: SluiceError): void;
}

const CLEAR_LINE = '\r\u001b[2K';

export interface OpenOutputOptions {
  readonly json: boolean;
  readonly stdout?: NodeJS.WriteStream;
  readonly stderr?: NodeJS.WriteStream;
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** Opens the output of one command. */
export function openOutput({
  json,
  stdout = process.stdout,
  stderr = process.stderr,
  env = readEnvironment(),
}: OpenOutputOptions): Output {
  const paint = openPaint(!json && stdout.isTTY && !env['NO_COLOR'] && env['TERM'] !== 'dumb');
  const live = !json && stderr.isTTY && env['TERM'] !== 'dumb';
  const line = (text = '') => void (json || stdout.write(`${visible(text)}\n`));
  return {
    json,
    live,
    paint,
    line,
    answer: (document, show) => (json ? void stdout.write(`${toJson(document)}\n`) : show()),
    table: (head, rows) => line(drawTable(head, rows, paint)),
    // on a terminal a bar may stand in this line
    note: (text) => void stderr.write(`${live ? CLEAR_LINE : ''}${text}\n`),
    error: (error) => {
      const { code, message, mend } = error;
      if (json) stdout.write(`${toJson({ error: { code, message, mend, facts: error.facts } })}\n`);
      stderr.write(`${describeError(error)}\n`);
    },
  };
}

/** Colours, or none. */
export interface Paint {
  bold(text: string): string;
  dim(text: string): string;
  good(text: string): string;
  bad(text: string): string;
}

function openPaint(colours: boolean): Paint {
  const wrap = (code: number, end: number) => (text: string) =>
    colours ? `\u001b[${code}m${text}\u001b[${end}m` : text;
  return { bold: wrap(1, 22), dim: wrap(2, 22), good: wrap(32, 39), bad: wrap(31, 39) };
}

/** A value as JSON on one line: integers are numbers up to 2^53 and texts beyond; dates are ISO texts. */
export function toJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => {
    if (typeof inner !== 'bigint') return inner;
    const number = Number(inner);
    return Number.isSafeInteger(number) ? number : String(inner);
  });
}

/** Rows under a head, columns by two spaces, numbers to the right. */
export function drawTable(head: readonly string[], rows: readonly (readonly Cell[])[], paint: Paint): string {
  const bare = ['top', 'top-mid', 'top-left', 'top-right', 'bottom', 'bottom-mid', 'bottom-left', 'bottom-right'];
  const lines = ['left', 'left-mid', 'mid', 'mid-mid', 'right', 'right-mid'];
  const table = new Table({
    head: head.every((text) => text === '') ? [] : head.map((text) => paint.dim(text)),
    chars: { ...Object.fromEntries([...bare, ...lines].map((name) => [name, ''])), middle: '  ' },
    style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [] },
    colAligns: head.map((_, column) => (isNumeric(rows, column) ? 'right' : 'left')),
  });
  table.push(...rows.map((row) => row.map(showCell)));
  return table
    .toString()
    .split('\n')
    .map((text) => text.trimEnd())
    .join('\n');
}

function isNumeric(rows: readonly (readonly Cell[])[], column: number): boolean {
  const cells = rows.map((row) => row[column]).filter((cell) => cell !== undefined && cell !== null);
  return cells.length > 0 && cells.every((cell) => typeof cell === 'number' || typeof cell === 'bigint');
}

function showCell(cell: Cell): string {
  if (cell === undefined || cell === null) return '';
  if (typeof cell === 'number' || typeof cell === 'bigint') return showNumber(cell);
  return visible(String(cell).replaceAll('\t', ' '));
}

/** Names and values come from files: what would steer a terminal is shown as a sign. Colours, tabs and line breaks stay. */
function visible(text: string): string {
  return text.replaceAll(/(\p{Cc})(\[\d+m)?/gu, (whole, control: string, colour: string | undefined) => {
    const stays = control === '\n' || control === '\t' || (control === '\u001b' && colour !== undefined);
    return stays ? whole : `\ufffd${colour ?? ''}`;
  });
}

/** 1234567 as 1,234,567; fractions with at most four digits; what is very small or large as 1.5e-7 and 9.2234e+18. */
export function showNumber(value: number | bigint): string {
  const size = typeof value === 'number' ? Math.abs(value) : 1;
  const short = Number(Number(value).toPrecision(5));
  if (size >= 1e16 && size < Infinity) return short.toExponential();
  if (size !== 0 && size < 0.001) return String(short);
  return value.toLocaleString('en-US', { maximumFractionDigits: 4 });
}

/** 12,345,678 bytes as 12.3 MB. */
export function showBytes(bytes: number): string {
  const units = ['B', 'KB', 'MB', 'GB', 'TB', 'PB'];
  const step = bytes < 1000 ? 0 : Math.min(Math.floor(Math.log10(bytes) / 3), units.length - 1);
  const value = bytes / 1000 ** step;
  return `${step === 0 ? value : value.toFixed(value < 100 ? 1 : 0)} ${units[step] ?? ''}`;
}

/** An error for people: code, what happened, what to do. */
export function describeError(error: SluiceError): string {
  const stack = error.code === 'INTERNAL' && error.cause instanceof Error ? `\n${error.cause.stack ?? ''}` : '';
  const said = typeof error.facts['stderr'] === 'string' ? `\n${error.facts['stderr'].trim()}` : '';
  return `${error.code}: ${error.message}${said}${stack}\n${error.mend}`;
}
