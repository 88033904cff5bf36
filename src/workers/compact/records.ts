const [NEWLINE, RETURN, QUOTE, SPACE, TAB] = [0x0a, 0x0d, 0x22, 0x20, 0x09];
const [BACKSLASH, COMMA, OPEN, CLOSE, BRACE_OPEN, BRACE_CLOSE] = [0x5c, 0x2c, 0x5b, 0x5d, 0x7b, 0x7d];

/** Where a record lies in its text: from its first byte (blank lines before it are its own) to behind its newline. */
export interface RecordPlace {
  readonly from: number;
  readonly to: number;
  /** From 1: the line that it begins in, blank lines before it not counted as its own. */
  readonly line: number;
}

/** Cuts text into records: lines that are not blank, in CSV with the lines that double quotes hold together. Pure. */
export function readRecords(text: Buffer, { quotes }: { readonly quotes: boolean }): readonly RecordPlace[] {
  const records: RecordPlace[] = [];
  let [from, start, line, first, quote, isQuoted] = [0, 0, 1, 1, quotes ? text.indexOf(QUOTE) : -1, false];
  const endAt = (to: number) => {
    if (!isBlank(text.subarray(start, to), quotes)) {
      records.push({ from, to, line: first });
      from = to;
    }
    start = to;
    first = line;
  };
  for (let at = text.indexOf(NEWLINE); at >= 0; at = text.indexOf(NEWLINE, at + 1)) {
    for (; quote >= 0 && quote < at; quote = text.indexOf(QUOTE, quote + 1)) isQuoted = !isQuoted;
    line += 1;
    if (!isQuoted) endAt(at + 1);
  }
  if (start < text.length) endAt(text.length);
  return records;
}

/** Cuts a JSON array into its elements; their line is their number. Undefined where it does not end, or a comma is one too many. Pure. */
export function readElements(text: Buffer): readonly RecordPlace[] | undefined {
  const records: RecordPlace[] = [];
  let [from, depth, isQuoted, isOpen, isOver] = [-1, 0, false, false, false];
  for (let at = 0; at < text.length; at++) {
    const byte = text[at];
    if (isQuoted) {
      if (byte === BACKSLASH) at += 1;
      else if (byte === QUOTE) isQuoted = false;
      continue;
    }
    if (isSpace(byte)) continue;
    if (isOver || (depth === 0 && byte !== OPEN)) return undefined;
    const isEnd = byte === CLOSE || byte === BRACE_CLOSE;
    if (depth === 1 && (byte === COMMA || isEnd)) {
      // Behind a comma an element has to come, and before it.
      if (from < 0 && (byte === COMMA || isOpen)) return undefined;
      if (from >= 0) records.push({ from, to: at, line: records.length + 1 });
      isOpen = byte === COMMA;
      from = -1;
    } else if (depth === 1 && from < 0) from = at;
    if (byte === QUOTE) isQuoted = true;
    else if (byte === OPEN || byte === BRACE_OPEN) depth += 1;
    else if (isEnd) depth -= 1;
    isOver = isEnd && depth === 0;
  }
  return isOver ? records : undefined;
}

function isSpace(byte: number | undefined): boolean {
  return byte === SPACE || byte === TAB || byte === NEWLINE || byte === RETURN;
}

/** A line of spaces is a row of CSV, and none of JSON. */
function isBlank(line: Buffer, isCsv: boolean): boolean {
  return line.every((byte) => byte === NEWLINE || byte === RETURN || (!isCsv && (byte === SPACE || byte === TAB)));
}

/** A record's text without the line ends around it. */
export function recordText(text: Buffer, { from, to }: RecordPlace): string {
  return text
    .subarray(from, to)
    .toString('utf8')
    .replaceAll(/^[\r\n]+|[\r\n]+$/g, '');
}
