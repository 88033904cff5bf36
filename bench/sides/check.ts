import type { ColumnCheck } from '../../src/shared/config/checks.js';
import { checkSource } from '../../src/shared/checks/checkSource.js';
import type { Args, OpenSide } from '../harness/side.js';
import { openFile } from './profile.js';

/** Twelve rules over single rows, of the common kinds, over nine columns of the events. All hold. */
const RULES: Readonly<Record<string, readonly ColumnCheck[]>> = {
  event_seq: ['required', { range: { min: 1_000_000_000 } }],
  ts: ['required'],
  tenant_id: ['required', { range: { min: 1, max: 1000 } }],
  user_id: [{ range: { min: 100_000 } }],
  event_type: ['required', { length: { min: 1, max: 40 } }],
  amount: [{ range: { min: 0 } }],
  quantity: [{ range: { min: 1, max: 10 } }],
  price: [{ expr: 'price >= 0 and price <= 10000' }],
  is_mobile: ['required'],
};

/** The rules, as the check step evaluates them. */
export async function rules(args: Args): Promise<OpenSide> {
  const { session, source, close } = await openFile(args);
  const columns = (await session.query(`DESCRIBE SELECT * FROM ${source}`)).map((row) => ({
    name: String(row['column_name']),
    type: String(row['column_type']),
  }));
  const checks = Object.fromEntries(Object.entries(RULES).map(([name, list]) => [name, { checks: [...list] }]));
  let rows = 0;
  const run = async () => {
    const report = await checkSource({ session, source, columns, checks, tableChecks: [] });
    if (report.verdict !== 'pass' || report.checks.length !== 12) throw new Error(JSON.stringify(report));
    rows = report.rows;
    return { units: rows };
  };
  return { run, digest: async () => rows, close };
}

/** One plain scan of the columns that the rules read. */
export async function scan(args: Args): Promise<OpenSide> {
  const { session, source, close } = await openFile(args);
  const fields = Object.keys(RULES).map((name) => (name === 'event_type' ? `sum(strlen(${name}))` : `max(${name})`));
  let rows = 0;
  const run = async () => {
    const [row = {}] = await session.query(`SELECT count(*) AS rows, ${fields.join(', ')} FROM ${source}`);
    rows = Number(row['rows']);
    return { units: rows };
  };
  return { run, digest: async () => rows, close };
}
