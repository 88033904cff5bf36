import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { afterAll, inject } from 'vitest';

const made: string[] = [];

afterAll(async () => {
  if (made.length > 0)
    await onServer(async (client) => {
      for (const name of made) await client.query(`DROP DATABASE IF EXISTS "${name}" WITH (FORCE)`);
    });
});

/** The URL of a new empty database, for one test alone; dropped after the test file, connected or not. */
export async function freshDatabase(): Promise<string> {
  const name = `t_${randomBytes(8).toString('hex')}`;
  await onServer((client) => client.query(`CREATE DATABASE "${name}"`));
  made.push(name);
  const url = new URL(inject('postgresUrl'));
  url.pathname = `/${name}`;
  return url.href;
}

/** A prefix for the keys of one test alone in the shared Redis (`inject('redisUrl')`), in braces as BullMQ wants it. */
export function freshPrefix(): string {
  return `{t-${randomBytes(8).toString('hex')}}`;
}

async function onServer(work: (client: Client) => Promise<unknown>): Promise<void> {
  const client = new Client({ connectionString: inject('postgresUrl') });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}
