import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { profileSource } from '../../../src/workers/profile/profileSource.js';
import { openPlainSession } from '../../support/plainSession.js';
import { describeSource } from '../../support/describeSource.js';
import type { ProfileReport } from '../../../src/shared/findings/reports.js';

let session: Awaited<ReturnType<typeof openPlainSession>>;
beforeAll(async () => {
  session = await openPlainSession();
});
afterAll(() => session.close());

async function profile(source: string, options: { exactRows?: number } = {}): Promise<ProfileReport> {
  return profileSource({ session, source, columns: await describeSource(session, source), ...options });
}

describe('elements of lists and maps', () => {
  const source = `(SELECT * FROM (VALUES
    (['a', 'b', 'b', NULL], [{'price': 1.5, 'subs': [[1, 2], NULL]}, {'price': NULL, 'subs': []}, NULL], MAP {'k': ['x'], 'l': NULL}),
    ([], NULL, MAP {}), (NULL, [{'price': 2.5, 'subs': [[7]]}], MAP {'k': ['y', 'z']})) AS _v(tags, "it.ems", m))`;

  it('are profiled by their path, and counted by element', async () => {
    const { rows, columns } = await profile(source);
    expect(rows).toBe(3);
    expect(columns.map(({ name, elements, nulls }) => [name, elements, nulls])).toEqual([
      ['tags', undefined, 1],
      ['tags[]', 4, 1],
      ['it.ems', undefined, 1],
      ['it.ems[]', 4, 1],
      ['it.ems[].price', 4, 2],
      ['it.ems[].subs', 4, 1],
      ['it.ems[].subs[]', 3, 1],
      ['it.ems[].subs[][]', 3, 0],
      ['m', undefined, 0],
      ['m{key}', 3, 0],
      ['m{value}', 3, 1],
      ['m{value}[]', 3, 0],
    ]);
    const named = (name: string) => columns.find((column) => column.name === name);
    expect(named('tags[]')).toMatchObject({
      path: ['tags', '[]'],
      type: 'VARCHAR',
      nullFraction: 0.25,
      distinct: 2,
      min: 'a',
      max: 'b',
      top: [
        { value: 'b', rows: 2 },
        { value: 'a', rows: 1 },
      ],
    });
    expect(named('it.ems[].price')).toMatchObject({
      path: ['it.ems', '[]', 'price'],
      mean: 2,
      quantiles: { p50: 1.5 },
    });
    expect(named('it.ems[].subs[][]')).toMatchObject({ min: 1, max: 7, distinct: 3 });
    expect(named('m{value}')).toMatchObject({ lengths: { min: 1, max: 2, mean: 1.5 } });
    expect(named('m{key}')?.top).toEqual([
      { value: 'k', rows: 2 },
      { value: 'l', rows: 1 },
    ]);
  });

  it('say little where no row has any', async () => {
    const { columns } = await profile('(SELECT NULL::STRUCT(a DOUBLE)[] AS l, MAP {}::MAP(DATE, VARCHAR) AS m)');
    expect(columns.map(({ name, elements, nulls }) => [name, elements, nulls])).toEqual([
      ['l', undefined, 1],
      ['l[]', 0, 0],
      ['l[].a', 0, 0],
      ['m', undefined, 0],
      ['m{key}', 0, 0],
      ['m{value}', 0, 0],
    ]);
    expect((await profile('(SELECT [1] AS l WHERE false)')).columns).toMatchObject([{ nulls: 0 }, { elements: 0 }]);
  });

  it('equal what they are as rows of their own, exact or estimated', async () => {
    const values = '(SELECT i % 1000 / 4 AS x, md5(i::VARCHAR) AS t FROM range(400000) AS r(i))';
    const lists = `(SELECT [x, x + 1000] AS l, {'t': [t]} AS s FROM ${values})`;
    const flat = await profile(`(SELECT unnest([x, x + 1000]) AS l FROM ${values})`, { exactRows: 100_000 });
    const { columns } = await profile(lists, { exactRows: 100_000 });
    const element = columns.find(({ name }) => name === 'l[]');
    const same = ['min', 'max', 'mean', 'distinct', 'distinctMethod', 'top', 'nulls'] as const;
    for (const figure of same) expect([figure, element?.[figure]]).toEqual([figure, flat.columns[0]?.[figure]]);
    expect(element?.histogram?.reduce((sum, { rows }) => sum + rows, 0)).toBeGreaterThan(790_000);
    const text = columns.find(({ name }) => name === 's.t[]');
    expect(text).toMatchObject({ distinctMethod: 'approximate', elements: 400_000 });
    expect(Math.abs((text?.distinct ?? 0) / 400_000 - 1)).toBeLessThan(5 * (text?.distinctError ?? 0));
    expect(text?.patterns?.values).toBeGreaterThan(0);
  });
});
