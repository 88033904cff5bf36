import { open } from 'node:fs/promises';
import { SluiceError } from '../../shared/errors.js';
import type { TextEncoding } from '../../shared/config/dataset.js';
import { writeAt } from '../../shared/stores/files.js';

const CHUNK_BYTES = 1 << 20;

/** How a text must be decoded to become UTF-8; undefined: it is UTF-8. The mark at its beginning decides, then what was declared. */
export function readEncoding(
  head: Uint8Array,
  declared: TextEncoding,
): { readonly encoding: Exclude<TextEncoding, 'auto' | 'utf-8'>; readonly mark: number } | undefined {
  const mark = Buffer.from(head.subarray(0, 2)).toString('hex');
  if (mark === 'fffe') return { encoding: 'utf-16le', mark: 2 };
  if (mark === 'feff') return { encoding: 'utf-16be', mark: 2 };
  if (Buffer.from(head.subarray(0, 3)).toString('hex') === 'efbbbf') return undefined;
  return declared === 'auto' || declared === 'utf-8' ? undefined : { encoding: declared, mark: 0 };
}

/**
 * Writes a text file as UTF-8 to `to`, piece by piece; resolves with its size. Errors: VALUE_INVALID where the bytes are no
 * text of that encoding, OBJECT_TRUNCATED where UTF-16 ends in half a character.
 */
export async function transcodeFile(
  from: { readonly file: string; readonly size: number },
  to: string,
  { encoding, mark }: NonNullable<ReturnType<typeof readEncoding>>,
): Promise<number> {
  const decoder = openDecoder(encoding);
  const [input, output] = [await open(from.file), await open(to, 'w')];
  let [at, written] = [mark, 0];
  try {
    const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
    for (;;) {
      const { bytesRead } = await input.read(buffer, 0, buffer.length, at);
      const text = decode(decoder, buffer.subarray(0, bytesRead), { encoding, at, isEnd: bytesRead === 0 });
      const bytes = Buffer.from(text);
      await writeAt(output, bytes, written);
      written += bytes.length;
      at += bytesRead;
      if (bytesRead === 0) return written;
    }
  } finally {
    await input.close();
    await output.close();
  }
}

interface Decoder {
  decode(bytes: Uint8Array, options: { stream: boolean }): string;
}

/** The web's `latin1` is windows-1252: the true one has a character for every byte. */
function openDecoder(encoding: string): Decoder {
  if (encoding === 'latin-1') return { decode: (bytes) => Buffer.from(bytes).toString('latin1') };
  return new TextDecoder(encoding, { fatal: true, ignoreBOM: true });
}

function decode(
  decoder: Decoder,
  bytes: Uint8Array,
  { encoding, at, isEnd }: { encoding: string; at: number; isEnd: boolean },
): string {
  try {
    return decoder.decode(bytes, { stream: !isEnd });
  } catch {
    if (isEnd) {
      throw new SluiceError('OBJECT_TRUNCATED', `expected whole characters of ${encoding}, got half of one at the end`);
    }
    throw new SluiceError('VALUE_INVALID', `expected ${encoding}, got other bytes after byte ${at}`);
  }
}
