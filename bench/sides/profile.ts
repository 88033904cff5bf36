import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { openEngine } from '../../src/shared/engine/open.js';
import type { EngineSession } from '../../src/shared/engine/port.js';
import { profileSource } from '../../src/workers/profile/profileSource.js';
import { type Args, type Json, type OpenSide, textOf } from '../harness/side.js';

/** What every side of the profile can tell: rows, and the greatest value of two columns. */
type Seen = { readonly rows: number; readonly lastSeq: string; readonly lastUser: string };

/** Opens the product's own engine, already running, on the file `file`. */
export async function openFile(
  args: Args,
): Promise<{ session: EngineSession; source: string; close: () => Promise<void> }> {
  const file = textOf(args, 'file');
  const scratch = textOf(args, 'scratch');
  mkdirSync(scratch, { recursive: true });
  const engine = openEngine({ maxChildren: 1 });
  const session = await engine.open({ scratch, readable: [dirname(file)], memoryLimit: '4GB', threads: 2 });
  await session.query('SELECT 1');
  const close = async () => {
    await session.close();
    await engine.close();
  };
  return { session, source: `read_parquet('${file}')`, close };
}

/** The full profile, as a worker makes it. */
export async function sluice(args: Args): Promise<OpenSide> {
  const { session, source, close } = await openFile(args);
  const columns = (await session.query(`DESCRIBE SELECT * FROM ${source}`)).map((row) => ({
    name: String(row['column_name']),
    type: String(row['column_type']),
  }));
  let seen: Json = null;
  const run = async () => {
    const report = await profileSource({ session, source, columns });
    const greatest = (name: string) => String(report.columns.find((column) => column.name === name)?.max);
    seen = { rows: report.rows, lastSeq: greatest('event_seq'), lastUser: greatest('user_id') } satisfies Seen;
    return { units: report.rows };
  };
  return { run, digest: async () => seen, close };
}

/** DuckDB's own SUMMARIZE in the same engine. */
export async function summarize(args: Args): Promise<OpenSide> {
  const { session, source, close } = await openFile(args);
  let seen: Json = null;
  const run = async () => {
    const rows = await session.query(`SUMMARIZE SELECT * FROM ${source}`);
    const greatest = (name: string) => String(rows.find((row) => row['column_name'] === name)?.['max']);
    seen = {
      rows: Number(rows[0]?.['count']),
      lastSeq: greatest('event_seq'),
      lastUser: greatest('user_id'),
    } satisfies Seen;
    return { units: Number(rows[0]?.['count']) };
  };
  return { run, digest: async () => seen, close };
}

/** Decodes every value of every column once, and nothing else. */
export async function decode(args: Args): Promise<OpenSide> {
  const { session, source, close } = await openFile(args);
  const columns = await session.query(`DESCRIBE SELECT * FROM ${source}`);
  const fields = columns.map((row) => {
    const name = `"${String(row['column_name'])}"`;
    return row['column_type'] === 'VARCHAR' ? `sum(strlen(${name}))` : `max(${name}) AS ${name}`;
  });
  let seen: Json = null;
  const run = async () => {
    const [row = {}] = await session.query(`SELECT count(*) AS rows, ${fields.join(', ')} FROM ${source}`);
    seen = {
      rows: Number(row['rows']),
      lastSeq: String(row['event_seq']),
      lastUser: String(row['user_id']),
    } satisfies Seen;
    return { units: Number(row['rows']) };
  };
  return { run, digest: async () => seen, close };
}
