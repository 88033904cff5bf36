import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEngine } from '../../src/shared/engine/open.js';
import type { EngineSession } from '../../src/shared/engine/port.js';
import type { BatchId, ObjectId } from '../../src/shared/ids.js';
import { newBatchId, objectId } from '../../src/shared/ids.js';
import type { Column } from '../../src/shared/schema/columns.js';
import type { LoadRequest } from '../../src/shared/warehouses/port.js';

/** An engine with one session in a scratch folder of its own. */
export async function openTestSession(): Promise<{
  session: EngineSession;
  scratch: string;
  close: () => Promise<void>;
}> {
  const scratch = await mkdtemp(join(tmpdir(), 'sluice-load-'));
  const engine = openEngine();
  const session = await engine.open({ scratch });
  const close = async () => {
    await engine.close();
    await rm(scratch, { recursive: true, force: true });
  };
  return { session, scratch, close };
}

/** The id of an object that exists in this test only by its name. */
export function testObject(key: string): ObjectId {
  return objectId({ bucket: 'lake', key, eTag: 'e', size: 1, generation: 0 });
}

let born = Date.now();

/** A batch id later than every one before. */
export function laterBatch(): BatchId {
  born += 1;
  return newBatchId(born);
}

/** The columns of `orderRows`. */
export const ORDER_COLUMNS: readonly Column[] = [
  { name: 'id', type: 'BIGINT' },
  { name: 'amount', type: 'DECIMAL(10,2)' },
  { name: 'note', type: 'VARCHAR' },
];

/** A load of objects with that many rows each, made by the engine. */
export function ordersLoad(
  session: EngineSession,
  objects: Readonly<Record<string, number>>,
  changes: Partial<LoadRequest> = {},
): LoadRequest {
  const parts = Object.entries(objects).map(
    ([key, rows]) =>
      `SELECT i AS id, (i / 4)::DECIMAL(10,2) AS amount, 'note ' || i AS note, '${testObject(key)}'::UUID AS _sluice_object,
       i AS _sluice_row FROM range(${rows}) t(i)`,
  );
  return {
    batch: laterBatch(),
    attempt: 1,
    manifestHash: 'a'.repeat(64),
    table: 'orders',
    mode: 'append',
    columns: ORDER_COLUMNS,
    objects: Object.entries(objects).map(([key, rows]) => ({ object: testObject(key), rows })),
    removes: [],
    artifacts: [],
    source: `(${parts.join(' UNION ALL ')})`,
    session,
    ...changes,
  };
}
