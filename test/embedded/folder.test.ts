import { readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openFolder } from '../../src/embedded/folder.js';
import { lockHolder, takeLock } from '../../src/embedded/lock.js';
import { processMark } from '../../src/embedded/processTable.js';
import { freshFolder } from '../support/folders.js';
import { inOtherProcess } from '../support/otherProcess.js';

test('a folder that another living process holds is refused, and that process is named', async () => {
  const place = await freshFolder();
  const other = await inOtherProcess('folder', place);
  await expect(openFolder(place)).rejects.toMatchObject({
    code: 'SERVICE_NOT_STARTED',
    message: `expected the data folder ${place} to be free, got it in use by process ${other.child.pid}`,
    facts: { pid: other.child.pid },
  });
});

test('a folder is free again once closed', async () => {
  const place = await freshFolder();
  (await openFolder(place)).close();
  (await openFolder(place)).close();
});

test('a folder whose holder was killed is free', async () => {
  const place = await freshFolder();
  const other = await inOtherProcess('folder', place);
  await other.kill();
  (await openFolder(place)).close();
});

test('of several processes that find a dead lock exactly one gets the folder', async () => {
  const place = await freshFolder();
  const dead = await inOtherProcess('folder', place);
  await dead.kill();
  const others = await Promise.all([1, 2, 3, 4].map(() => inOtherProcess('folder', place)));
  expect(others.filter(({ error }) => error === undefined)).toHaveLength(1);
});

test('a lock whose number now belongs to another process is not taken for living', async () => {
  const file = join(await freshFolder(), 'lock');
  const lock = takeLock(file, 'it');
  const holder = JSON.parse(readFileSync(file, 'utf8'));
  lock.release();
  writeFileSync(file, JSON.stringify({ ...holder, mark: `${holder.mark}0` }));
  expect(lockHolder(file)).toBeUndefined();
  takeLock(file, 'it').release();
});

test('a lock of another machine is honoured while it is refreshed, and taken over when it falls silent', async () => {
  const file = join(await freshFolder(), 'lock');
  writeFileSync(file, JSON.stringify({ pid: 1, mark: '1', machine: 'elsewhere', nonce: 'n' }));
  expect(() => takeLock(file, 'it')).toThrow('in use by process 1');
  const before = Date.now() / 1000 - 60;
  utimesSync(file, before, before);
  takeLock(file, 'it').release();
});

test('a lock that was torn is taken over', async () => {
  const file = join(await freshFolder(), 'lock');
  writeFileSync(file, '{"pid":');
  takeLock(file, 'it').release();
});

test('this process is alive, a number that no process has is not', () => {
  expect(processMark(process.pid)).toBeDefined();
  expect(processMark(2 ** 30)).toBeUndefined();
});
