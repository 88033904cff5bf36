import { Redis } from 'ioredis';
import { Client } from 'pg';
import { expect, inject, test } from 'vitest';
import { freshDatabase } from '../support/databases.js';

test('the test run has a Postgres that makes databases', async () => {
  const url = await freshDatabase();
  const client = new Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query(
    "SELECT current_database() AS name, upper('żółć') AS shout, version() AS version",
  );
  await client.end();
  expect(rows[0]).toMatchObject({ name: new URL(url).pathname.slice(1), shout: 'ŻÓŁĆ' });
});

test('the test run has a Redis that never evicts', async () => {
  const redis = new Redis(inject('redisUrl'));
  expect(await redis.config('GET', 'maxmemory-policy')).toEqual(['maxmemory-policy', 'noeviction']);
  redis.disconnect();
});
