import { createHash } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { appendFile, lstat, mkdir, mkdtemp, readFile, readdir, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openDirectoryStore } from '../../../src/shared/stores/directory.js';
import { openStore } from '../../../src/shared/stores/open.js';
import type { ObjectStore } from '../../../src/shared/stores/port.js';

let top: string;
let root: string;
let file: string;
let store: ObjectStore;

beforeEach(async () => {
  top = await mkdtemp(join(tmpdir(), 'sluice-directory-'));
  root = join(top, 'root');
  file = join(top, 'file');
  await mkdir(root);
  await mkdir(join(top, 'outside'));
  await writeFile(join(top, 'outside', 'secret'), 'secret');
  await writeFile(file, 'content');
  store = openDirectoryStore({ root });
});
afterEach(() => rm(top, { recursive: true, force: true }));

async function codeOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => 'no error',
    (error: unknown) => (error instanceof Error && 'code' in error ? error.code : error),
  );
}

async function keysOf(of: ObjectStore, prefix = ''): Promise<string[]> {
  const keys: string[] = [];
  for await (const page of of.list({ prefix })) keys.push(...page.map(({ key }) => key));
  return keys;
}

/** Everything outside the root, to be the same afterwards. */
async function outside(): Promise<string[]> {
  return (await readdir(top, { recursive: true })).filter((name) => !name.startsWith('root/') && name !== 'got').sort();
}

const ESCAPES = [
  '../outside/secret',
  '..',
  '.',
  '',
  'a/../../outside/secret',
  'a/./b',
  '/etc/passwd',
  '//etc/passwd',
  'a//b',
  'a/',
  'nul\0byte',
  'lone\uD800surrogate',
  '.sluice-store/drafts/x',
  '.sluice-store/tags/x',
];

describe('no key leads out of the root', () => {
  test.each(ESCAPES)('%j', async (key) => {
    const before = await outside();
    const got = join(top, 'got');
    expect(await store.head(key)).toBeUndefined();
    expect(await codeOf(store.getToFile({ key, file: got }))).toBe('OBJECT_MISSING');
    expect(await codeOf(store.putFile({ key, file }))).toBe('STORE_DENIED');
    expect(await codeOf(store.putFile({ key, file, ifAbsent: true }))).toBe('STORE_DENIED');
    expect(await codeOf(store.tag(key, { a: 'b' }))).toBe('OBJECT_MISSING');
    await store.delete([key]);
    expect(await keysOf(store, key === '' ? '..' : key)).toEqual([]);
    expect(await outside()).toEqual(before);
    expect(await readFile(join(top, 'outside', 'secret'), 'utf8')).toBe('secret');
    expect(await keysOf(store)).toEqual([]);
  });

  test('a symbolic link is no object and no folder, and is never followed', async () => {
    await symlink(join(top, 'outside'), join(root, 'folder'));
    await symlink(join(top, 'outside', 'secret'), join(root, 'linked'));
    const skipped: string[] = [];
    const telling = openDirectoryStore({ root, onSkip: (path, reason) => skipped.push(`${reason}: ${path}`) });
    expect(await keysOf(telling)).toEqual([]);
    expect(await keysOf(telling, 'folder/')).toEqual([]);
    expect(await keysOf(telling, 'folder/sec')).toEqual([]);
    expect(skipped.sort()).toEqual([
      `symbolic link: ${join(root, 'folder')}`,
      `symbolic link: ${join(root, 'linked')}`,
    ]);
    for (const key of ['folder/secret', 'linked']) {
      expect(await store.head(key)).toBeUndefined();
      expect(await codeOf(store.getToFile({ key, file: join(top, 'got') }))).toBe('OBJECT_MISSING');
      await store.delete([key]);
    }
    for (const key of ['folder/secret', 'folder/new', 'folder/deep/new'])
      expect(await codeOf(store.putFile({ key, file }))).toBe('STORE_DENIED');
    expect(await codeOf(store.putFile({ key: 'linked', file, ifAbsent: true }))).toBe('OBJECT_EXISTS');
    await store.putFile({ key: 'linked', file });
    expect((await lstat(join(root, 'linked'))).isFile()).toBe(true);
    expect(await readFile(join(top, 'outside', 'secret'), 'utf8')).toBe('secret');
    expect(await readdir(join(top, 'outside'))).toEqual(['secret']);
  });

  test('a private folder that is a link is not written through', async () => {
    await symlink(join(top, 'outside'), join(root, '.sluice-store'));
    expect(await codeOf(store.putFile({ key: 'k', file }))).toBe('STORE_DENIED');
    expect(await readdir(join(top, 'outside'))).toEqual(['secret']);
  });

  test('the root itself may be a link, and its name stays the identity', async () => {
    await symlink(root, join(top, 'lake'));
    const linked = openDirectoryStore({ root: join(top, 'lake') });
    await linked.putFile({ key: 'a', file });
    expect(await keysOf(linked)).toEqual(['a']);
    expect(linked.bucket).toBe(pathToFileURL(join(top, 'lake')).href);
  });
});

describe('what is in the directory', () => {
  test('a file that others wrote is an object; a pipe, a folder and a name that is not UTF-8 are not', async () => {
    await mkdir(join(root, 'in/empty'), { recursive: true });
    await writeFile(join(root, 'in/theirs.csv'), 'a,b');
    execFileSync('mkfifo', [join(root, 'in/pipe')]);
    await writeFile(Buffer.concat([Buffer.from(`${root}/in/`), Buffer.from([0xff, 0x41])]), 'x');
    const reasons: string[] = [];
    const telling = openDirectoryStore({ root, onSkip: (_path, reason) => reasons.push(reason) });
    expect(await keysOf(telling)).toEqual(['in/theirs.csv']);
    expect(reasons.sort()).toEqual(['name is not UTF-8', 'not a regular file']);
    for (const key of ['in/pipe', 'in/empty', 'in']) {
      expect(await store.head(key)).toBeUndefined();
      expect(await codeOf(store.getToFile({ key, file: join(top, 'got') }))).toBe('OBJECT_MISSING');
    }
    expect(await codeOf(store.putFile({ key: 'in/empty', file }))).toBe('STORE_DENIED');
    expect(await codeOf(store.putFile({ key: 'in/empty', file, ifAbsent: true }))).toBe('STORE_DENIED');
    await store.delete(['in/empty', 'in']);
    expect(await keysOf(store)).toEqual(['in/theirs.csv']);
  });

  test('a change in place changes the eTag, and the version before is OBJECT_CHANGED', async () => {
    const { eTag } = await store.putFile({ key: 'k', file });
    await appendFile(join(root, 'k'), 'more');
    const head = await store.head('k');
    expect(head?.eTag).not.toBe(eTag);
    expect(await codeOf(store.getToFile({ key: 'k', file: join(top, 'got'), eTag }))).toBe('OBJECT_CHANGED');
    await utimes(join(root, 'k'), 1, 1);
    expect((await store.head('k'))?.eTag).not.toBe(head?.eTag);
  });

  test('a small file is shown as it is read, and is written as it was shown; a large one is not shown', async () => {
    const large = Buffer.alloc(3 * 1024 * 1024, 'large');
    await writeFile(join(root, 'small'), 'twelve bytes');
    await writeFile(join(root, 'empty'), '');
    await writeFile(join(root, 'large'), large);
    const shown: string[] = [];
    const got = async (key: string) => {
      const path = join(top, 'got');
      const onBytes = (chunks: readonly Buffer[]) => void shown.push(`${key}: ${Buffer.concat(chunks).toString()}`);
      const { bytes, sha256 } = await store.getToFile({ key, file: path, onBytes });
      const content = await readFile(path);
      expect({ bytes, sha256 }).toEqual({
        bytes: content.length,
        sha256: createHash('sha256').update(content).digest('hex'),
      });
      return content;
    };
    expect((await got('large')).equals(large)).toBe(true);
    expect((await got('small')).toString()).toBe('twelve bytes');
    expect((await got('empty')).length).toBe(0);
    expect(shown).toEqual(['small: twelve bytes', 'empty: ']);
  });

  test('a folder larger than the names kept at a time is listed whole and in order', async () => {
    const small = openDirectoryStore({ root, namesAtOnce: 7 });
    const names = Array.from({ length: 100 }, (_, index) => `d/${(index * 37) % 100}`);
    await Promise.all(names.map((key) => store.putFile({ key: index(key) ? `${key}/x` : key, file })));
    const expected = names
      .map((key) => (index(key) ? `${key}/x` : key))
      .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    expect(await keysOf(small)).toEqual(expected);
    expect(await keysOf(small, 'd/5')).toEqual(expected.filter((key) => key.startsWith('d/5')));
  });

  test('drafts of a killed process are not listed, and go after a day', async () => {
    const drafts = join(root, '.sluice-store/drafts');
    await mkdir(drafts, { recursive: true });
    await writeFile(join(drafts, 'old'), 'half');
    await writeFile(join(drafts, 'young'), 'half');
    await utimes(join(drafts, 'old'), 1000, 1000);
    expect(await keysOf(store)).toEqual([]);
    await store.putFile({ key: 'k', file });
    expect(await readdir(drafts)).toEqual(['young']);
    expect(await keysOf(store)).toEqual(['k']);
  });

  test('tags of a version that others replaced tell their eTag', async () => {
    const { eTag } = await store.putFile({ key: 'k', file });
    await store.tag('k', { state: 'loaded' });
    const [shard = ''] = await readdir(join(root, '.sluice-store/tags'));
    const [name = ''] = await readdir(join(root, '.sluice-store/tags', shard));
    const text = await readFile(join(root, '.sluice-store/tags', shard, name), 'utf8');
    expect(JSON.parse(text)).toEqual({ key: 'k', eTag, tags: { state: 'loaded' } });
    await store.delete(['k']);
    expect(await readdir(join(root, '.sluice-store/tags', shard))).toEqual([]);
  });

  function index(key: string): boolean {
    return key.endsWith('3');
  }
});

describe('openStore', () => {
  test('opens a directory and a bucket by their URLs', () => {
    const directory = openStore(pathToFileURL(root).href);
    expect(directory).toMatchObject({ prefix: '', store: { bucket: pathToFileURL(root).href } });
    expect(directory.store.uri('a b')).toBe(`${pathToFileURL(root).href}/a%20b`);
    const bucket = openStore('s3://lake/raw/a%20b/', { region: 'eu-west-1' });
    expect(bucket).toMatchObject({ prefix: 'raw/a%20b/', store: { bucket: 'lake' } });
    expect(bucket.store.uri('a b')).toBe('s3://lake/a b');
    expect(openStore('s3://lake', { region: 'eu-west-1' }).prefix).toBe('');
  });

  test('makes the directory only when told to', async () => {
    const url = pathToFileURL(join(top, 'new/deep')).href;
    expect(() => openStore(url)).toThrow(expect.objectContaining({ code: 'STORE_AWAY' }));
    expect(() => openStore(pathToFileURL(file).href)).toThrow(expect.objectContaining({ code: 'STORE_AWAY' }));
    await openStore(url, { create: true }).store.putFile({ key: 'k', file });
    expect(await readFile(join(top, 'new/deep/k'), 'utf8')).toBe('content');
  });

  test.each(['gs://bucket', 'lake', '/srv/lake', 's3:///key', 'file://host/dir', ''])('refuses %j', (url) => {
    expect(() => openStore(url)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
  });
});
