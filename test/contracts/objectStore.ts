import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ErrorCode, isSluiceError } from '../../src/shared/errors.js';
import { compareKeys } from '../../src/shared/stores/keys.js';
import type { ObjectStore, StoredObject } from '../../src/shared/stores/port.js';

/** One empty store, with what the suite needs besides the port. */
export interface StoreUnderTest {
  readonly store: ObjectStore;
  /** The object's tags as the store keeps them; undefined when it keeps none. */
  readTags(key: string): Promise<Readonly<Record<string, string>> | undefined>;
  close(): Promise<void>;
}

/** Where the implementations may differ. */
export interface StoreTraits {
  /** A key may also be the beginning of others, as on S3: `p` beside `p/q`. */
  readonly keyMayBeFolder: boolean;
  /** Keys that this store must hold besides those of every store. */
  readonly moreKeys: readonly string[];
}

const ODD_KEYS = [
  'sp ace/a b.txt',
  'uni/żółć-日本.txt',
  'uni/\u{1F600}.txt',
  'uni/\uFF5E.txt',
  'plus/a+b=c&d.txt',
  'pct/100%25.txt',
  "q/it's(1)!*.txt",
  'tilde~/x?y#z',
  '.hidden/_x',
  'back\\slash',
  'tab\tand\nnewline',
];

/** Every object store behaves so. */
export function describeObjectStore(name: string, open: () => Promise<StoreUnderTest>, traits: StoreTraits): void {
  describe(`${name} as an object store`, () => {
    let scratch: string;
    let tested: StoreUnderTest;
    let store: ObjectStore;

    beforeEach(async () => {
      scratch = await mkdtemp(join(tmpdir(), 'sluice-store-'));
      tested = await open();
      store = tested.store;
    });

    afterEach(async () => {
      await tested.close();
      await rm(scratch, { recursive: true, force: true });
    });

    const put = async (
      key: string,
      content: string | Buffer,
      options: { ifAbsent?: boolean; signal?: AbortSignal } = {},
    ) => {
      const file = join(scratch, randomBytes(8).toString('hex'));
      await writeFile(file, content);
      return store.putFile({ key, file, ...options });
    };
    const get = async (key: string, options: { eTag?: string; size?: number; signal?: AbortSignal } = {}) => {
      const file = join(scratch, 'got');
      const { bytes, sha256 } = await store.getToFile({ key, file, ...options });
      const content = await readFile(file);
      expect(bytes).toBe(content.length);
      expect(sha256).toBe(createHash('sha256').update(content).digest('hex'));
      return content;
    };
    const list = async (prefix: string, startAfter?: string) => {
      const pages: (readonly StoredObject[])[] = [];
      for await (const page of store.list({ prefix, ...(startAfter === undefined ? {} : { startAfter }) }))
        pages.push(page);
      return pages;
    };
    const keysOf = async (prefix: string, startAfter?: string) =>
      (await list(prefix, startAfter)).flat().map((object) => object.key);
    const codeOf = async (work: Promise<unknown>): Promise<ErrorCode | 'no error' | 'another error'> =>
      work.then(
        () => 'no error' as const,
        (error: unknown) => (isSluiceError(error) ? error.code : 'another error'),
      );

    test('gives back what was put, with its SHA-256', async () => {
      const landed = await put('a/hello.txt', 'hello');
      expect(landed.bytes).toBe(5);
      expect((await get('a/hello.txt')).toString()).toBe('hello');
      expect((await get('a/hello.txt', { eTag: landed.eTag, size: 5 })).toString()).toBe('hello');
    });

    test('tells the same eTag, size and key in put, head and list', async () => {
      const landed = await put('a/x', 'twelve bytes');
      const head = await store.head('a/x');
      expect(head).toMatchObject({ key: 'a/x', size: 12, eTag: landed.eTag });
      expect(landed.eTag).not.toContain('"');
      expect(Math.abs(Date.now() - (head?.lastModified.getTime() ?? 0))).toBeLessThan(60_000);
      const listed = (await list('')).flat();
      expect(listed).toHaveLength(1);
      expect(listed[0]).toMatchObject({ key: 'a/x', size: 12, eTag: landed.eTag });
    });

    test('head of an absent key is undefined, get of one is OBJECT_MISSING', async () => {
      expect(await store.head('nothing/here')).toBeUndefined();
      expect(await codeOf(get('nothing/here'))).toBe('OBJECT_MISSING');
      expect(await codeOf(get('nothing/here', { size: 100_000_000 }))).toBe('OBJECT_MISSING');
    });

    test('holds an empty object', async () => {
      await put('empty', '');
      expect(await get('empty')).toHaveLength(0);
      expect(await get('empty', { size: 0 })).toHaveLength(0);
      expect((await store.head('empty'))?.size).toBe(0);
    });

    test.each([
      ['just one range', 8 * 1024 * 1024],
      ['one byte more than a range', 8 * 1024 * 1024 + 1],
      ['several ranges and a rest', 27 * 1024 * 1024 + 12_345],
    ])('gives back a large object whole: %s', async (_name, bytes) => {
      const content = randomBytes(bytes);
      const landed = await put('large.bin', content);
      expect(landed.sha256).toBe(createHash('sha256').update(content).digest('hex'));
      expect((await get('large.bin', { eTag: landed.eTag, size: bytes })).equals(content)).toBe(true);
      expect((await get('large.bin')).equals(content)).toBe(true);
    });

    test('replaces an object; the version before is OBJECT_CHANGED', async () => {
      const first = await put('k', 'first');
      const second = await put('k', 'second!');
      expect(second.eTag).not.toBe(first.eTag);
      expect((await get('k', { eTag: second.eTag })).toString()).toBe('second!');
      expect(await codeOf(get('k', { eTag: first.eTag }))).toBe('OBJECT_CHANGED');
      expect(await codeOf(get('k', { eTag: first.eTag, size: 50_000_000 }))).toBe('OBJECT_CHANGED');
    });

    test('an object of another size than expected is OBJECT_CHANGED', async () => {
      await put('k', 'four');
      expect(await codeOf(get('k', { size: 5 }))).toBe('OBJECT_CHANGED');
    });

    test('put-if-absent succeeds once and then is OBJECT_EXISTS, and the first bytes stand', async () => {
      await put('once', 'first', { ifAbsent: true });
      expect(await codeOf(put('once', 'second', { ifAbsent: true }))).toBe('OBJECT_EXISTS');
      expect((await get('once')).toString()).toBe('first');
    });

    test('put-if-absent of a large file succeeds once', async () => {
      const content = randomBytes(9 * 1024 * 1024);
      await put('once', content, { ifAbsent: true });
      expect(await codeOf(put('once', Buffer.alloc(9 * 1024 * 1024), { ifAbsent: true }))).toBe('OBJECT_EXISTS');
      expect((await get('once')).equals(content)).toBe(true);
    });

    test('of twenty writers that put if absent exactly one wins', async () => {
      const codes = await Promise.all(
        Array.from({ length: 20 }, (_, writer) => codeOf(put('race', `writer ${writer}`, { ifAbsent: true }))),
      );
      expect(codes.filter((code) => code === 'no error')).toHaveLength(1);
      expect(codes.filter((code) => code === 'OBJECT_EXISTS')).toHaveLength(19);
      expect((await get('race')).toString()).toBe(`writer ${codes.indexOf('no error')}`);
    });

    test('of two writers of one key one wins whole', async () => {
      const [x, y] = [Buffer.alloc(5 * 1024 * 1024, 1), Buffer.alloc(5 * 1024 * 1024, 2)];
      for (let round = 0; round < 3; round++) {
        await Promise.all([put('race', x), put('race', y)]);
        const content = await get('race');
        expect(content.equals(x) || content.equals(y)).toBe(true);
      }
    });

    test.each([...ODD_KEYS, ...traits.moreKeys])('holds the key %j exactly', async (key) => {
      await put(key, `of ${key}`);
      expect((await get(key)).toString()).toBe(`of ${key}`);
      expect((await store.head(key))?.key).toBe(key);
      expect(await keysOf('')).toEqual([key]);
      await store.delete([key]);
      expect(await keysOf('')).toEqual([]);
    });

    test('lists in UTF-8 byte order, under a prefix, after a key', async () => {
      const keys = [
        'a',
        'a b',
        'a!/x',
        'a/1',
        'a/b/c',
        'a/b/d',
        'a/b.x',
        'a0',
        'b/\uFF5E',
        'b/\u{1F600}',
        'b/é',
        'b/z',
      ];
      const held = traits.keyMayBeFolder ? keys : keys.filter((key) => key !== 'a');
      for (const key of held.toReversed()) await put(key, key);
      const ordered = [...held].sort((x, y) => Buffer.compare(Buffer.from(x), Buffer.from(y)));
      expect([...held].sort(compareKeys)).toEqual(ordered);
      expect(await keysOf('')).toEqual(ordered);
      for (const prefix of ['a', 'a/', 'a/b', 'a/b/', 'b/', 'b/\u{1F600}', 'zzz', 'a//'])
        expect([prefix, await keysOf(prefix)]).toEqual([prefix, ordered.filter((key) => key.startsWith(prefix))]);
      for (const after of [...ordered, 'a/', 'a/b', 'a/b/', 'a/b/cc', 'zz', '!']) {
        const rest = ordered.filter((key) => compareKeys(key, after) > 0);
        expect([after, await keysOf('', after)]).toEqual([after, rest]);
        const under = rest.filter((key) => key.startsWith('a/'));
        expect([after, await keysOf('a/', after)]).toEqual([after, under]);
      }
    });

    test('lists in pages of at most 1,000 objects', async () => {
      const file = join(scratch, 'small');
      await writeFile(file, 'x');
      const keys = Array.from({ length: 1203 }, (_, index) => `many/${index % 7}/${String(index).padStart(5, '0')}`);
      for (let at = 0; at < keys.length; at += 100)
        await Promise.all(keys.slice(at, at + 100).map((key) => store.putFile({ key, file })));
      const pages = await list('many/');
      expect(pages.every((page) => page.length > 0 && page.length <= 1000)).toBe(true);
      expect(pages.flat().map((object) => object.key)).toEqual([...keys].sort(compareKeys));
      await store.delete(keys);
      expect(await keysOf('')).toEqual([]);
    });

    test('deletes keys, and absent ones are no error', async () => {
      await put('a/1', 'x');
      await put('a/2', 'x');
      await store.delete(['a/1', 'a/never', 'nowhere/at/all']);
      expect(await keysOf('')).toEqual(['a/2']);
      await store.delete([]);
      await store.delete(['a/2', 'a/2']);
      expect(await keysOf('')).toEqual([]);
      await put('a/1', 'again', { ifAbsent: true });
      expect((await get('a/1')).toString()).toBe('again');
    });

    test('tags an object without changing it or showing the tags in a listing', async () => {
      const landed = await put('t/x', 'x');
      await store.tag('t/x', { state: 'loaded', batch: '0190-a b' });
      expect(await tested.readTags('t/x')).toEqual({ state: 'loaded', batch: '0190-a b' });
      await store.tag('t/x', { state: 'done' });
      expect(await tested.readTags('t/x')).toEqual({ state: 'done' });
      expect((await store.head('t/x'))?.eTag).toBe(landed.eTag);
      expect(await keysOf('')).toEqual(['t/x']);
      expect(await codeOf(store.tag('t/absent', { a: 'b' }))).toBe('OBJECT_MISSING');
    });

    test('retires an object of that version by tag, move or delete, and says when it was done before', async () => {
      const one = await put('r/a b+c.txt', 'one');
      await store.tag('r/a b+c.txt', { team: 'x' });
      const tagged = { key: 'r/a b+c.txt', eTag: one.eTag, how: { kind: 'tag', tags: { sluice: 'loaded' } } } as const;
      expect([await store.retire(tagged), await store.retire(tagged)]).toEqual(['done', 'done']);
      expect(await tested.readTags('r/a b+c.txt')).toEqual({ team: 'x', sluice: 'loaded' });
      const moved = { ...tagged, how: { kind: 'move', to: '_originals/r/a b+c.txt' } } as const;
      expect([await store.retire(moved), await store.retire(moved)]).toEqual(['done', 'done']);
      expect([await store.head('r/a b+c.txt'), (await get('_originals/r/a b+c.txt')).toString()]).toEqual([
        undefined,
        'one',
      ]);
      const two = await put('r/two', '2');
      const deleted = { key: 'r/two', eTag: two.eTag, how: { kind: 'delete' } } as const;
      expect([await store.retire(deleted), await store.retire(deleted)]).toEqual(['done', 'absent']);
      expect(await store.head('r/two')).toBeUndefined();
    });

    test.each([
      { kind: 'tag', tags: { sluice: 'loaded' } },
      { kind: 'move', to: '_originals/r/x' },
      { kind: 'delete' },
    ] as const)('leaves another version of the key alone: $kind', async (how) => {
      const old = await put('r/x', 'old');
      await put('r/x', 'newer');
      expect(await store.retire({ key: 'r/x', eTag: old.eTag, how })).toBe('changed');
      expect((await get('r/x')).toString()).toBe('newer');
      expect((await tested.readTags('r/x')) ?? {}).toEqual({});
      expect(await store.head('_originals/r/x')).toBeUndefined();
      expect(await store.retire({ key: 'r/none', eTag: old.eTag, how })).toBe('absent');
    });

    test('an object put again has no tags', async () => {
      await put('t/x', 'x');
      await store.tag('t/x', { state: 'loaded' });
      await put('t/x', 'y');
      expect((await tested.readTags('t/x')) ?? {}).toEqual({});
    });

    test('a key may be an object and the beginning of others, or is refused', async () => {
      await put('p', 'one');
      const second = await codeOf(put('p/q', 'two'));
      expect(second).toBe(traits.keyMayBeFolder ? 'no error' : 'STORE_DENIED');
      expect((await get('p')).toString()).toBe('one');
    });

    test('an aborted call ends with the reason of its signal', async () => {
      await put('k', randomBytes(20 * 1024 * 1024));
      const reason = new Error('the worker is shutting down');
      const signal = AbortSignal.abort(reason);
      await expect(get('k', { signal })).rejects.toBe(reason);
      await expect(put('new', 'x', { signal })).rejects.toBe(reason);
      await expect(store.head('k', signal)).rejects.toBe(reason);
      await expect(store.delete(['k'], signal)).rejects.toBe(reason);
      await expect(store.tag('k', {}, signal)).rejects.toBe(reason);
      await expect(store.list({ prefix: '', signal })[Symbol.asyncIterator]().next()).rejects.toBe(reason);
      const late = new AbortController();
      const fetched = get('k', { signal: late.signal });
      setTimeout(() => late.abort(reason), 2);
      await expect(fetched).rejects.toBe(reason);
      const early = new AbortController();
      const file = join(scratch, 'new');
      await writeFile(file, 'x');
      const landing = store.putFile({ key: 'new', file, signal: early.signal });
      early.abort(reason);
      await expect(landing).rejects.toBe(reason);
      expect(await store.head('new')).toBeUndefined();
    });

    test('a local file that is not there says nothing of the store', async () => {
      await put('k', 'x');
      const file = join(scratch, 'no/such/file');
      expect(await codeOf(store.putFile({ key: 'k', file }))).toBe('another error');
      expect(await codeOf(store.getToFile({ key: 'k', file }))).toBe('INTERNAL');
    });

    test('errors name the bucket and the key', async () => {
      const error = await get('no/such').catch((error: unknown) => error);
      expect(isSluiceError(error, 'OBJECT_MISSING')).toBe(true);
      expect(error).toMatchObject({ facts: { bucket: store.bucket, key: 'no/such' } });
      expect(store.uri('a/b')).toMatch(/^(s3|file):\/\/.*\/a\/b$/);
    });
  });
}
