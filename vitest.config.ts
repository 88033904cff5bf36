import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Begun first, the longest before the others, so that none of them is all that is left at the end. */
const LONGEST = [
  'test/shared/warehouses/postgres/openPostgresWarehouse.test.ts',
  'test/shared/warehouses/postgres/otherServer.test.ts',
  'test/shared/warehouses/snowflake/openSnowflakeWarehouse.test.ts',
  'test/bench/quick.test.ts',
  'test/journeys/demo.test.ts',
  'test/deploy/composeRun.test.ts',
  'test/workers/compact/layOut.test.ts',
  'test/workers/compact/hostile.test.ts',
];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification) => {
      const at = LONGEST.findIndex((file) => moduleId.endsWith(file));
      return at < 0 ? LONGEST.length : at;
    };
    return (await super.sort(files)).toSorted((one, other) => place(one) - place(other));
  }
}

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    sequence: { sequencer: LongestFirst },
    globalSetup: ['test/support/services.ts'],
    pool: 'forks',
    maxWorkers: 2,
    // Limits are for what hangs, not for what is slow: a machine under load takes several times as long.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    expect: { poll: { timeout: 60_000, interval: 20 } },
    retry: 0,
    env: { UV_THREADPOOL_SIZE: '16' },
  },
});
