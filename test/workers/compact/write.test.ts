import { expect, test } from 'vitest';
import { openBench } from './support.js';

test('an engine with little memory writes row groups of half the size', async () => {
  const text = `n\n${Array.from({ length: 130_000 }, (_, index) => `${index}\n`).join('')}`;
  const groups: Record<string, number[]> = {};
  for (const memoryLimit of ['512MB', '2GB']) {
    const bench = await openBench(memoryLimit);
    try {
      const { artifacts } = await bench.compact([['n.csv', text]]);
      const rows = await bench.session.query(
        `SELECT DISTINCT row_group_id, row_group_num_rows AS rows FROM parquet_metadata('${artifacts[0]?.path}') ORDER BY ALL`,
      );
      groups[memoryLimit] = rows.map(({ rows: count }) => Number(count));
    } finally {
      await bench.close();
    }
  }
  // A group ends with the chunk of up to 2,048 rows that fills it.
  expect(Math.max(...(groups['512MB'] ?? []))).toBeLessThan(61_440 + 2048);
  expect(Math.max(...(groups['2GB'] ?? []))).toBeGreaterThanOrEqual(122_880);
});
