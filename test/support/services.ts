import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    /** A real Redis for this test run. */
    redisUrl: string;
    /** A real Postgres (superuser) for this test run; tests make their own databases in it. */
    postgresUrl: string;
  }
}

/** Starts the services that the tests need, once a run. */
export default async function setup(_project: TestProject): Promise<() => Promise<void>> {
  return async () => {};
}
