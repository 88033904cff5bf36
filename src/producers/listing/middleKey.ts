/** Beyond every code point. */
const TOP = 0x110000;

/** Most keys are ASCII: what is beyond it is looked at only once everything below is. */
const ASCII_TOP = 0x80;

/**
 * A text between two keys in UTF-8 byte order (which is the order of code points), about half-way as keys of plain letters go; undefined
 * where there is none worth asking for. `until` undefined: no upper end. Pure.
 */
export function middleKey(after: string, until: string | undefined): string | undefined {
  const low = Array.from(after, codePoint);
  const high = until === undefined ? undefined : Array.from(until, codePoint);
  for (let place = 0; place <= low.length; place += 1) {
    const from = low[place] ?? 0;
    const upper = isBounded(low, high, place) ? (high?.[place] ?? TOP) : TOP;
    const to = upper === TOP && from < ASCII_TOP - 2 ? ASCII_TOP : upper;
    const middle = plain(Math.floor((from + to) / 2));
    if (middle > from && middle < to) return String.fromCodePoint(...low.slice(0, place), middle);
  }
  return undefined;
}

/** Whether what comes before this place is the same in both, so that the upper end still binds. */
function isBounded(low: readonly number[], high: readonly number[] | undefined, place: number): boolean {
  return high !== undefined && low.slice(0, place).every((code, index) => code === high[index]);
}

/** Half a surrogate pair is no character: the nearest one below. */
function plain(code: number): number {
  return code >= 0xd800 && code <= 0xdfff ? 0xd7ff : code;
}

function codePoint(character: string): number {
  return character.codePointAt(0) ?? 0;
}
