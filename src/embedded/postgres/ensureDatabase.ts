import { Client } from 'pg';
import { quoteName } from '../../shared/schema/columns.js';

/** duplicate_database, and the unique violation that the loser of a race gets. */
const EXISTS = new Set(['42P04', '23505']);

/** Makes a database unless it exists; `url` is any other database of the same server. */
export async function ensureDatabase(url: string, name: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [name]);
    if (rowCount === 0) await client.query(`CREATE DATABASE ${quoteName(name)}`);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && typeof error.code === 'string' && EXISTS.has(error.code)))
      throw error;
  } finally {
    await client.end();
  }
}
