import { expect, test } from 'vitest';
import { limitStatements } from '../../../src/shared/engine/limits.js';
import { openBench } from '../../workers/compact/support.js';

const ENDLESS = 'SELECT count(*) FROM range(100000000000) a WHERE hash(range) = 1';

test('a statement that does not end in time is stopped, and the session goes on', async () => {
  const bench = await openBench();
  const session = limitStatements(bench.session, 300);
  await expect(session.query(ENDLESS)).rejects.toMatchObject({ code: 'ENGINE_TIMEOUT', facts: { limitMs: 300 } });
  expect(await limitStatements(bench.session, 60_000).query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
  await bench.close();
});

test('an abort from outside is its own reason, before the limit and from the start', async () => {
  const bench = await openBench();
  const session = limitStatements(bench.session, 60_000);
  const enough = new AbortController();
  setTimeout(() => enough.abort(new Error('enough')), 100);
  await expect(session.run(ENDLESS, enough.signal)).rejects.toThrow('enough');
  await expect(session.query('SELECT 1', enough.signal)).rejects.toThrow('enough');
  await bench.close();
});
