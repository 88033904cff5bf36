import type { Dataset } from '../../shared/config/config.js';
import type { ObjectId } from '../../shared/ids.js';
import type { HeldObject, RetiredPartitions, Warehouse } from '../../shared/warehouses/port.js';
import type { WorkerContext } from '../context.js';

type Load = Dataset['load'][number];

/**
 * Drops the partitions of a load that are older than it is to retain, as far as every other table of the dataset accounts for all their
 * objects. Safe to run twice. Returns what was dropped and what had to stay.
 */
export async function keepHotWindow(
  { warehouse, clock }: Pick<WorkerContext, 'warehouse' | 'clock'>,
  dataset: Pick<Dataset, 'load'>,
  load: Load,
): Promise<RetiredPartitions> {
  const hot = warehouse(load.target);
  if (load.retain === undefined || hot.retire === undefined) return { dropped: [], kept: [] };
  const others = dataset.load.filter((other) => other !== load);
  const notHeld = async (objects: readonly HeldObject[]) => {
    const missing = new Set<ObjectId>();
    for (const { target, table } of others)
      for (const object of await lacking(warehouse(target), table, objects)) missing.add(object);
    return [...missing];
  };
  return hot.retire({ table: load.table, before: new Date(clock.now() - load.retain), notHeld });
}

/** The objects of which a table does not account for every row. */
async function lacking(
  other: Pick<Warehouse, 'presentRows'>,
  table: string,
  objects: readonly HeldObject[],
): Promise<readonly ObjectId[]> {
  const counts = await other.presentRows(
    table,
    objects.map(({ object }) => object),
  );
  const accounted = new Map(
    counts.map(({ object, present, removed = 0, unchanged = 0, overwritten = 0 }) => [
      object,
      present + removed + unchanged + overwritten,
    ]),
  );
  return objects.flatMap(({ object, rows }) => ((accounted.get(object) ?? 0) >= rows ? [] : [object]));
}
