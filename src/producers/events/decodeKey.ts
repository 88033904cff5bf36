import { isInside } from '../../shared/stores/keys.js';

/** S3's own limit on the UTF-8 bytes of a key. */
const MAX_KEY_BYTES = 1024;

/** A key, or what is wrong with it. */
export type DecodedKey =
  | { readonly kind: 'key'; readonly value: string }
  | { readonly kind: 'fault'; readonly message: string };

/**
 * A key as S3 notifications carry it: form-encoded, `+` for a space and `%XX` for UTF-8 bytes. Faults: an escape that is none, bytes
 * that are no UTF-8, and those of `checkKey`.
 */
export function decodeKey(encoded: string, bucket: string): DecodedKey {
  const value = tryDecode(encoded);
  if (value === undefined) return { kind: 'fault', message: 'expected form-encoded UTF-8, got an escape that is none' };
  return checkKey(value, bucket);
}

/**
 * A key as it stands. Faults: nothing at all, a NUL or half a surrogate pair (Postgres stores neither), more than 1,024 bytes; and where
 * the bucket is a folder, whatever is no place inside of it (`../../etc/passwd`, `/etc/passwd`, `a//b`).
 */
export function checkKey(value: string, bucket: string): DecodedKey {
  if (value === '') return { kind: 'fault', message: 'expected a key, got an empty text' };
  if (/[\0\p{Cs}]/u.test(value)) return { kind: 'fault', message: 'expected text, got a NUL or half a surrogate pair' };
  if (value.length * 3 > MAX_KEY_BYTES && Buffer.byteLength(value) > MAX_KEY_BYTES)
    return { kind: 'fault', message: `expected at most ${MAX_KEY_BYTES} bytes of UTF-8, got more` };
  if (bucket.startsWith('file://') && !isInside(value.replace(/\/$/, '')))
    return { kind: 'fault', message: 'expected a place inside the folder that the bucket is, got another' };
  return { kind: 'key', value };
}

function tryDecode(encoded: string): string | undefined {
  const spaced = encoded.includes('+') ? encoded.replaceAll('+', ' ') : encoded;
  if (!spaced.includes('%')) return spaced;
  try {
    return decodeURIComponent(spaced);
  } catch {
    return undefined;
  }
}
