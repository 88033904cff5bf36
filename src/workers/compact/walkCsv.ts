import type { FieldNulls } from './sources.js';
import { type RecordWalker, walkText } from './walkText.js';

const [NEWLINE, RETURN, QUOTE] = [0x0a, 0x0d, 0x22];
/** What a byte is outside of quotes: one of a value, or the end of one. */
const [PLAIN, DELIMITER, LINE, CARRIAGE, QUOTED, ODD] = [0, 1, 2, 3, 4, 5];
const OPEN = -1;

/** What the bytes of a sound CSV tell. */
export interface CsvWalk {
  /** Without the header. */
  readonly rows: number;
  readonly endsInLine: boolean;
  /** By column. */
  readonly nulls: FieldNulls;
}

/**
 * Counts the rows of CSV and each column's empty fields, byte by byte. Undefined where a parser must tell: a record with another number of
 * fields, quotes within a value, a quote that stays open, a lone carriage return, a NUL.
 */
export async function walkCsv(
  text: string | Buffer,
  { delimiter, columns }: { readonly delimiter: string; readonly columns: number },
): Promise<CsvWalk | undefined> {
  const walker = new CsvWalker(delimiter.charCodeAt(0), columns);
  const walked = await walkText(text, walker);
  return walked === undefined ? undefined : { ...walked, ...walker.found };
}

class CsvWalker implements RecordWalker {
  readonly #kinds = new Uint8Array(256);
  readonly #none: Float64Array;
  readonly #empty: Float64Array;
  #records = 0;
  #column = 0;

  constructor(
    delimiter: number,
    private readonly columns: number,
  ) {
    this.#none = new Float64Array(columns);
    this.#empty = new Float64Array(columns);
    this.#kinds[0] = ODD;
    this.#kinds[delimiter] = DELIMITER;
    this.#kinds[NEWLINE] = LINE;
    this.#kinds[RETURN] = CARRIAGE;
    this.#kinds[QUOTE] = QUOTED;
  }

  get found(): Pick<CsvWalk, 'rows' | 'nulls'> {
    return { rows: this.#records - 1, nulls: { none: this.#none, empty: this.#empty } };
  }

  walk(bytes: Buffer): number | undefined {
    const kinds = this.#kinds;
    for (let at = 0; at < bytes.length; at++) {
      const from = at;
      let kind = kinds[bytes[at] ?? 0];
      // The last byte is a newline, so this ends.
      while (kind === PLAIN) kind = kinds[bytes[++at] ?? 0];
      if (kind === QUOTED) {
        const end = at === from ? endOfQuotes(bytes, from + 1) : undefined;
        // An open quote: its field begins again with what follows. All before it is counted.
        if (end === OPEN) return from;
        if (end === undefined) return undefined;
        if (end === from + 1) this.#count(this.#empty);
        at = end + 1;
        kind = kinds[bytes[at] ?? 0];
      } else if (at === from) this.#count(this.#none);
      if (kind === CARRIAGE && bytes[at + 1] === NEWLINE) {
        at += 1;
        kind = LINE;
      }
      if (kind === DELIMITER) this.#column += 1;
      else if (kind !== LINE || !this.#endRecord()) return undefined;
    }
    return bytes.length;
  }

  #count(nulls: Float64Array): void {
    nulls[this.#column] = (nulls[this.#column] ?? 0) + 1;
  }

  #endRecord(): boolean {
    const isWhole = this.#column === this.columns - 1;
    // The header's names are no values.
    if (this.#records === 0) for (const nulls of [this.#none, this.#empty]) nulls.fill(0);
    this.#records += 1;
    this.#column = 0;
    return isWhole;
  }
}

/** Where the closing quote is. OPEN: not in these bytes; undefined: a NUL comes first. */
function endOfQuotes(bytes: Buffer, from: number): number | undefined {
  for (let at = from; at < bytes.length; at++) {
    const byte = bytes[at];
    if (byte === 0) return undefined;
    if (byte !== QUOTE) continue;
    if (bytes[at + 1] !== QUOTE) return at;
    at += 1;
  }
  return OPEN;
}
