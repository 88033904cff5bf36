import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHash, randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { gunzipFile } from '../../../src/workers/compact/gunzip.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gunzip-'));
});
afterAll(() => rm(folder, { recursive: true }));

const SIZES = { small: 20_000, large: 3_000_000 };
const hash = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

async function unpack(packed: Buffer): Promise<Buffer> {
  const [from, to] = [join(folder, 'from'), join(folder, 'to')];
  await writeFile(from, packed);
  const isSmall = packed.length <= 1 << 20;
  const { file } = await gunzipFile({ file: from, size: packed.length, ...(isSmall ? { bytes: packed } : {}) }, to);
  return readFile(file);
}

for (const [name, size] of Object.entries(SIZES)) {
  const plain = randomBytes(size);
  const packed = gzipSync(plain);
  const broken = (at: number) => {
    const copy = Buffer.from(packed);
    copy.writeUInt8(copy.readUInt8(at) ^ 0xff, at);
    return copy;
  };

  test(`${name}: one member, several members and padding come back whole`, async () => {
    expect(hash(await unpack(packed))).toBe(hash(plain));
    expect(hash(await unpack(Buffer.concat([packed, packed])))).toBe(hash(Buffer.concat([plain, plain])));
    expect(hash(await unpack(Buffer.concat([packed, Buffer.alloc(512)])))).toBe(hash(plain));
  });

  test(`${name}: any cut is OBJECT_TRUNCATED at the end of the file`, async () => {
    for (const end of [5, packed.length >> 1, packed.length - 8, packed.length - 1]) {
      await expect(unpack(packed.subarray(0, end))).rejects.toMatchObject({
        code: 'OBJECT_TRUNCATED',
        message: expect.stringContaining(`at byte ${end} `),
      });
    }
    await expect(unpack(Buffer.concat([packed, packed.subarray(0, 100)]))).rejects.toMatchObject({
      code: 'OBJECT_TRUNCATED',
    });
  });

  test(`${name}: a flipped byte, a wrong checksum, a wrong length and rubbish after the end are OBJECT_CORRUPT`, async () => {
    for (const bytes of [broken(packed.length >> 1), broken(packed.length - 6), broken(packed.length - 1)]) {
      await expect(unpack(bytes)).rejects.toMatchObject({ code: 'OBJECT_CORRUPT' });
    }
    await expect(unpack(Buffer.concat([packed, Buffer.from('rubbish')]))).rejects.toMatchObject({
      code: 'OBJECT_CORRUPT',
    });
  });
}

test('a small file that grows huge goes by way of the disk', async () => {
  const plain = Buffer.alloc(80_000_000, 'a');
  expect((await unpack(gzipSync(plain))).length).toBe(plain.length);
});

test('a file that grows beyond both the ratio and the bytes of a bomb is OBJECT_CORRUPT and leaves nothing', async () => {
  const [from, to] = [join(folder, 'bomb'), join(folder, 'burst')];
  const packed = gzipSync(Buffer.alloc(50_000_000));
  await writeFile(from, packed);
  const file = { file: from, size: packed.length };
  await expect(gunzipFile(file, to, undefined, { ratio: 200, bytes: 1e6 })).rejects.toMatchObject({
    code: 'OBJECT_CORRUPT',
    message: `expected at most ${packed.length * 200} bytes of data in ${packed.length} bytes of gzip, got more`,
  });
  await expect(readFile(to)).rejects.toMatchObject({ code: 'ENOENT' });
  await gunzipFile(file, to, undefined, { ratio: 2000, bytes: 1e6 });
  await gunzipFile(file, to, undefined, { ratio: 200, bytes: 5e7 });
});

test('an abort ends the work with its reason', async () => {
  const from = join(folder, 'long');
  await writeFile(from, gzipSync(Buffer.alloc(50_000_000)));
  const work = gunzipFile({ file: from, size: 50_000 }, join(folder, 'to'), AbortSignal.abort(new Error('enough')));
  await expect(work).rejects.toThrow('enough');
});
