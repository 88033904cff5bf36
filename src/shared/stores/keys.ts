/**
 * Compares two keys in UTF-8 byte order, as object stores list them. JavaScript's own order is by UTF-16 unit, which puts
 * characters beyond U+FFFF before U+E000-U+FFFF.
 */
export function compareKeys(left: string, right: string): number {
  const shared = Math.min(left.length, right.length);
  for (let at = 0; at < shared; at++) {
    const a = left.charCodeAt(at);
    const b = right.charCodeAt(at);
    if (a !== b) return byteRank(a) - byteRank(b);
  }
  return left.length - right.length;
}

/** Surrogates stand for characters above all others of 16 bits. */
function byteRank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}

/** The folder at the top of a directory store that holds drafts and tags. It is no part of the store's keys. */
export const PRIVATE_FOLDER = '.sluice-store';

/** True for a key that names a place below the root of a directory store: no empty, `.` or `..` segment, no NUL, not the private folder. */
export function isInside(key: string): boolean {
  const segments = key.split('/');
  if (segments[0] === PRIVATE_FOLDER || key.includes('\0') || /\p{Surrogate}/u.test(key)) return false;
  return segments.every((segment) => segment !== '' && segment !== '.' && segment !== '..');
}
