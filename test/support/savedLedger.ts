import { Client } from 'pg';

/** What the ledger held at one moment: as a dump would, without its program. */
export interface SavedLedger {
  /** Puts the ledger back to that moment. Nobody may be at work in it. */
  restore(): Promise<void>;
}

const TABLES = `SELECT c.relname AS name, (SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute
    WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped AND attgenerated = '') AS columns
  FROM pg_class c WHERE relnamespace = 'sluice'::regnamespace AND relkind = 'r'`;

/** Saves every table of a ledger in one snapshot, while others work in it. */
export async function saveLedger(url: string): Promise<SavedLedger> {
  const tables = await inLedger(url, async (client) => {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
    await client.query('CREATE SCHEMA saved');
    const { rows } = await client.query<{ name: string; columns: string }>(TABLES);
    for (const { name } of rows) await client.query(`CREATE TABLE saved."${name}" AS TABLE sluice."${name}"`);
    await client.query('COMMIT');
    return rows;
  });
  return {
    restore: () =>
      inLedger(url, async (client) => {
        await client.query(`BEGIN; SET LOCAL session_replication_role = replica`);
        const { rows } = await client.query<{ name: string }>(TABLES);
        for (const { name } of rows) await client.query(`DELETE FROM sluice."${name}"`);
        for (const { name, columns } of tables)
          await client.query(
            `INSERT INTO sluice."${name}" (${columns}) OVERRIDING SYSTEM VALUE SELECT ${columns} FROM saved."${name}"`,
          );
        await client.query('COMMIT');
      }),
  };
}

async function inLedger<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url });
  await client.connect();
  return work(client).finally(() => client.end());
}
