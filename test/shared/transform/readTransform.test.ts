import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeTransformFault, readTransform } from '../../../src/shared/transform/readTransform.js';
import { openEngineSession } from '../../support/engineSession.js';

let session: Awaited<ReturnType<typeof openEngineSession>>;
beforeAll(async () => {
  session = await openEngineSession();
});
afterAll(async () => {
  await session.close();
});

test.each([
  'select * from input',
  'SELECT id::bigint AS order_id, upper(status) AS status, * EXCLUDE (id, status) FROM input WHERE id > 9223372036854775806',
  "select input.*, case when a is null then 'x' else b || 'y' end as c from input",
  "select [x + 1 for x in l] as l, s.a, m[1], try_cast(t as date), nullif(a, 0), date_trunc('day', d) from input where a between 1 and 2 or not b",
  "select * replace (lower(name) as name) from input where name in ('a', 'b') and name like 'a%'",
])('a projection with WHERE passes: %s', async (text) => {
  const answer = await readTransform(session, text);
  expect(answer).toMatchObject({ kind: 'transform' });
  // what is read back from the engine's tree means the same
  expect(answer.kind === 'transform' && answer.sql).toMatch(/_sluice_object, _sluice_row FROM "input"/);
});

test.each([
  ['select * from other', 'line 1, column 15: expected FROM input and nothing else, got table other'],
  [
    "select * from read_csv('/etc/passwd')",
    'line 1, column 15: expected FROM input and nothing else, got a table function',
  ],
  ["select * from '/etc/passwd'", 'line 1, column 15: expected FROM input and nothing else, got table /etc/passwd'],
  ['select * from input, input as b', 'line 1, column 1: expected FROM input and nothing else, got a join'],
  ['select 1', 'line 1, column 1: expected FROM input and nothing else, got no FROM'],
  [
    'select distinct a from input',
    'line 1, column 1: expected one SELECT over input: expressions and WHERE, got DISTINCT, ORDER BY or LIMIT',
  ],
  [
    'select a from input order by a',
    'line 1, column 1: expected one SELECT over input: expressions and WHERE, got DISTINCT, ORDER BY or LIMIT',
  ],
  [
    'select a from input limit 1',
    'line 1, column 1: expected one SELECT over input: expressions and WHERE, got DISTINCT, ORDER BY or LIMIT',
  ],
  [
    'with x as (select 1) select a from input',
    'line 1, column 1: expected one SELECT over input: expressions and WHERE, got WITH',
  ],
  [
    'select a from input union all select a from input',
    'line 1, column 1: expected one SELECT over input: expressions and WHERE, got a set operation or another statement',
  ],
  [
    'select a,\n  (select 1) from input',
    'line 2, column 3: expected one SELECT over input: expressions and WHERE, got a subquery',
  ],
  [
    'select a from input where b in (select 1)',
    'line 1, column 29: expected one SELECT over input: expressions and WHERE, got a subquery',
  ],
  [
    'select sum(a) over () from input',
    'line 1, column 8: expected one SELECT over input: expressions and WHERE, got a window function',
  ],
  [
    'select sum(a) from input',
    'line 1, column 8: expected functions that depend on their arguments alone, got sum: an aggregate',
  ],
  [
    'select a,\n random() from input',
    'line 2, column 2: expected functions that depend on their arguments alone, got random: one that answers otherwise each time',
  ],
  [
    'select now() from input',
    'line 1, column 8: expected functions that depend on their arguments alone, got now: one that answers otherwise each time',
  ],
  [
    "select getenv('HOME') from input",
    'line 1, column 8: expected functions that depend on their arguments alone, got getenv: no function of the engine',
  ],
  [
    "select current_setting('threads') from input",
    'line 1, column 8: expected functions that depend on their arguments alone, got current_setting: one that looks at more than its arguments',
  ],
  [
    'select unnest(l) from input',
    'line 1, column 8: expected functions that depend on their arguments alone, got unnest: one that is not of single values',
  ],
  [
    'select a, count(*) from input group by a',
    'line 1, column 1: expected one SELECT over input: expressions and WHERE, got GROUP BY',
  ],
  ['select ? from input', 'line 1, column 1: expected one SELECT over input: expressions and WHERE, got a parameter'],
  ['select _sluice_row from input', "line 1, column 8: expected no column of Sluice's own, got _sluice_row"],
  ["select columns('a') from input", 'line 1, column 8: expected * or input.*, got COLUMNS'],
  ['select a frm input', 'line 1, column 14: expected one SELECT, got syntax error at or near "input"'],
  ['set threads = 1', 'line 1, column 1: expected one SELECT, got Only SELECT statements can be serialized to json!'],
  [
    "copy (select 1) to '/tmp/x'",
    'line 1, column 1: expected one SELECT, got Only SELECT statements can be serialized to json!',
  ],
  ['select a from input; select b from input', 'line 1, column 1: expected one SELECT, got 2 statements'],
])('anything else is refused with its place: %s', async (text, fault) => {
  const answer = await readTransform(session, text);
  expect(answer.kind === 'faults' ? answer.faults.map(describeTransformFault) : answer).toContain(fault);
});
