import { afterAll, beforeAll, expect, test } from 'vitest';
import { checkSource } from '../../src/shared/checks/checkSource.js';
import { columnCheckSchema } from '../../src/shared/config/checks.js';
import { skewSource } from '../../src/shared/skew/skewSource.js';
import { profileSource } from '../../src/workers/profile/profileSource.js';
import { describeSource } from '../support/describeSource.js';
import { openEngineSession } from '../support/engineSession.js';

let session: Awaited<ReturnType<typeof openEngineSession>>;
beforeAll(async () => {
  session = await openEngineSession();
});
afterAll(() => session.close());

const NAME = 'a "q" .; \' 😀 --';

/** Everything that can be asked of a source and its first column, as JSON holds it. */
async function findAll(source: string) {
  const columns = await describeSource(session, source);
  const [{ name = '' } = {}] = columns;
  const checks = columnCheckSchema
    .array()
    .parse(['required', 'unique', { metric: 'nullValues', unit: 'percent', fail: 50 }]);
  const found = {
    profile: await profileSource({ session, source, columns }),
    skew: await skewSource({ session, source, columns, key: [name] }),
    check: await checkSource({ session, source, columns, checks: { [name]: { checks } }, tableChecks: [] }),
  };
  expect(JSON.parse(JSON.stringify(found))).toEqual(found);
  const [required, unique, share] = found.check.checks;
  return { ...found, required, unique, share, column: found.profile.columns[0] };
}

const values = (list: string) => `(SELECT * FROM (VALUES ${list}) AS _v("${NAME.replaceAll('"', '""')}"))`;

test.each([
  ['(1), (2)', 'no rows at all', `WHERE false`, { rows: 0, nulls: 0, keys: 0, broken: [0, 0, 0] }],
  ['(NULL::VARCHAR), (NULL), (NULL)', 'NULL alone', '', { rows: 3, nulls: 3, keys: 0, broken: [3, 0, 100] }],
  ["('x'), ('x'), ('x')", 'one value', '', { rows: 3, nulls: 0, keys: 1, broken: [0, 2, 0] }],
  [
    "('nan'::DOUBLE), ('nan'), ('inf'), ('-inf'), (0), (-0.0)",
    'no numbers',
    '',
    { rows: 6, nulls: 0, keys: 4, broken: [0, 2, 0] },
  ],
  [
    "(DATE '0001-01-01'), (DATE '9999-12-31'), (NULL)",
    'years 1 and 9999',
    '',
    { rows: 3, nulls: 1, keys: 2, broken: [1, 0, 33.3333] },
  ],
  [
    "(TIMESTAMPTZ '0001-01-01 00:00:00+14'), (TIMESTAMPTZ '9999-12-31 23:59:59.999999-12')",
    'the ends of time',
    '',
    { rows: 2, nulls: 0, keys: 2, broken: [0, 0, 0] },
  ],
  [
    "(''), (' '), ('NULL'), (repeat('ü', 100000))",
    'texts that look like nothing',
    '',
    { rows: 4, nulls: 0, keys: 4, broken: [0, 0, 0] },
  ],
])('%s (%s): profile, skew and checks agree', async (list, _what, more, { rows, nulls, keys, broken }) => {
  const { profile, column, skew, required, unique, share } = await findAll(`(SELECT * FROM ${values(list)} ${more})`);
  expect([profile.rows, column?.name, column?.nulls]).toEqual([rows, NAME, nulls]);
  expect(skew).toMatchObject({ rows, keys, skewed: false, key: [NAME] });
  expect([required?.actual, unique?.actual, share?.actual]).toEqual(broken);
});
