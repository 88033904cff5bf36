import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer, text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openEngine } from '../../../src/shared/engine/open.js';
import type { EngineSession } from '../../../src/shared/engine/port.js';

const engine = openEngine();
let scratch: string;
let session: EngineSession;

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'copy-'));
  session = await engine.open({ scratch });
});
afterAll(async () => {
  await session.close();
  await engine.close();
  await rm(scratch, { recursive: true });
});

const copyText = (sql: string, types: readonly string[], signal?: AbortSignal) =>
  session.copyOut({ sql, types, encoding: 'postgres-text', ...(signal === undefined ? {} : { signal }) });
const BIG = "SELECT range AS i, md5(range::VARCHAR) || repeat('x', 68) AS s FROM range(300000)";
const BIG_TYPES = ['BIGINT', 'VARCHAR'];

test('rows come as lines of COPY text: tabs, newlines, backslashes escaped, NULL as \\N', async () => {
  const sql = `SELECT * FROM (VALUES
    (1, 'a' || chr(9) || 'b' || chr(10) || chr(13) || '\\N', '\\x00AB'::BLOB, [1, NULL], {'k': 'q"' || chr(10)}, 1.5::DOUBLE),
    (NULL, NULL, NULL, NULL, NULL, 'nan'::DOUBLE), (3, '', ''::BLOB, [], {'k': NULL}, '-inf'::DOUBLE)) t`;
  const types = ['INTEGER', 'VARCHAR', 'BLOB', 'INTEGER[]', 'STRUCT(k VARCHAR)', 'DOUBLE'];
  expect((await text(copyText(sql, types))).split('\n').sort()).toEqual(
    [
      '1\ta\\tb\\n\\r\\\\N\t\\\\x004142\t[1,null]\t{"k":"q\\\\"\\\\n"}\t1.5',
      '\\N\t\\N\t\\N\t\\N\t\\N\tnan',
      '3\t\t\\\\x\t[]\t{"k":null}\t-inf',
      '',
    ].sort(),
  );
});

test('an empty SELECT is an empty stream', async () => {
  expect(await buffer(copyText('SELECT 1 AS a WHERE false', ['INTEGER']))).toHaveLength(0);
});

test('a slow reader holds the engine back and gets every row', async () => {
  const stream = copyText(BIG, BIG_TYPES);
  let [lines, reads] = [0, 0];
  for await (const chunk of stream) {
    for (const byte of chunk as Buffer) lines += byte === 10 ? 1 : 0;
    if (++reads % 100 === 0) await sleep(5);
    expect(stream.readableLength).toBeLessThan(4 << 20);
  }
  expect(lines).toBe(300_000);
});

test('statements go on beside a copy that nobody reads yet, and copies follow each other', async () => {
  const [first, second] = [copyText(BIG, BIG_TYPES), copyText('SELECT 7 AS a', ['INTEGER'])];
  first.read(0);
  expect(await session.query('SELECT 1 AS a')).toEqual([{ a: 1 }]);
  const [bytes, after] = await Promise.all([buffer(first), text(second)]);
  expect(bytes.length).toBeGreaterThan(30_000_000);
  expect(after).toBe('7\n');
});

test('a copy that is destroyed midway leaves the session usable', async () => {
  const stream = copyText(BIG, BIG_TYPES);
  for await (const chunk of stream) if ((chunk as Buffer).length > 0) break;
  expect(stream.destroyed).toBe(true);
  expect(await text(copyText('SELECT 7 AS a', ['INTEGER']))).toBe('7\n');
});

test('abort ends a copy with the reason of the signal', async () => {
  const stop = new AbortController();
  const stream = copyText(BIG, BIG_TYPES, stop.signal);
  const read = buffer(stream);
  stream.once('data', () => stop.abort(new Error('enough')));
  await expect(read).rejects.toThrow('enough');
  await expect(buffer(copyText(BIG, BIG_TYPES, AbortSignal.abort(new Error('before'))))).rejects.toThrow('before');
  expect(await text(copyText('SELECT 7 AS a', ['INTEGER']))).toBe('7\n');
});

test('a refused SELECT and a failure in its midst end the stream with their code', async () => {
  await expect(text(copyText('SELECT nothing', ['INTEGER']))).rejects.toMatchObject({ code: 'ENGINE_QUERY' });
  const late = "SELECT CASE WHEN range = 250000 THEN error('late') ELSE range END AS a FROM range(300000)";
  await expect(text(copyText(late, ['BIGINT']))).rejects.toMatchObject({ code: 'ENGINE_QUERY' });
  expect(await text(copyText('SELECT 7 AS a', ['INTEGER']))).toBe('7\n');
});

test('closing the session ends a copy that is under way', async () => {
  const other = await engine.open({ scratch });
  const stream = other.copyOut({ sql: BIG, types: BIG_TYPES, encoding: 'postgres-text' });
  stream.read(0);
  await other.close();
  expect(stream.destroyed).toBe(true);
});
