import type { EngineSession } from '../../src/shared/engine/port.js';
import type { Column } from '../../src/shared/schema/columns.js';

/** The columns of anything that may stand after FROM. */
export async function describeSource(session: EngineSession, source: string): Promise<Column[]> {
  const rows = await session.query(`DESCRIBE SELECT * FROM ${source}`);
  return rows.map((row) => ({ name: String(row['column_name']), type: String(row['column_type']) }));
}
