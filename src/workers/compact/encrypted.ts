import { open } from 'node:fs/promises';
import type { Refusal, Source } from './sources.js';
import { THRIFT, ThriftCursor } from './thrift.js';

const TAIL_BYTES = 8;
/** Of FileMetaData: https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift */
const ENCRYPTION_ALGORITHM = 8;

/** The refusal of a Parquet file that cannot be read, with another reason where its columns are encrypted: the engine takes them for damaged. */
export async function explainRefusal({ object, format, file }: Source, refusal: Refusal): Promise<Refusal> {
  if (format !== 'parquet' || !(await hasEncryptedColumns(file))) return refusal;
  const reason = 'expected plain Parquet, got encrypted columns: decrypt them before delivery';
  return { object, code: 'FORMAT_UNSUPPORTED', reason };
}

/** Whether a footer in plain text names how columns are encrypted. */
async function hasEncryptedColumns(file: string): Promise<boolean> {
  const handle = await open(file);
  try {
    const { size } = await handle.stat();
    const tail = Buffer.alloc(TAIL_BYTES);
    await handle.read(tail, 0, TAIL_BYTES, Math.max(0, size - TAIL_BYTES));
    const length = tail.readUInt32LE(0);
    if (length + TAIL_BYTES > size) return false;
    const footer = Buffer.alloc(length);
    await handle.read(footer, 0, length, size - TAIL_BYTES - length);
    return namesEncryption(footer);
  } finally {
    await handle.close();
  }
}

function namesEncryption(footer: Buffer): boolean {
  const cursor = new ThriftCursor(footer, 0);
  try {
    for (let [id, type] = cursor.field(0); type !== THRIFT.stop; [id, type] = cursor.field(id)) {
      if (id === ENCRYPTION_ALGORITHM) return true;
      cursor.skip(type, 0);
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  return false;
}
