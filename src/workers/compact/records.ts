const [NEWLINE, RETURN, QUOTE, SPACE, TAB] = [0x0a, 0x0d, 0x22, 0x20, 0x09];

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
