import { toSluiceError } from '../../shared/errors.js';
import type { ObjectId } from '../../shared/ids.js';
import type { AuditObject, LoadTarget, ObjectState, ReadLedger } from '../../shared/ledger/port.js';
import type { PresentCount, Warehouse } from '../../shared/warehouses/port.js';
import { type AuditVerdict, judgeObject, type TargetCount } from './judgeObject.js';

/** One object's account, in the shape of `sluice audit --json`. */
export interface AuditedObject {
  readonly uri: string;
  readonly rowsIn: number;
  readonly rowsQuarantined: number;
  readonly rowsDeduplicated: number;
  readonly rowsFiltered: number;
  /** By target; by target.table where an object is in several tables of one target. */
  readonly targets: Readonly<Record<string, TargetCount>>;
  readonly state: ObjectState;
  readonly verdict: AuditVerdict;
}

export interface AuditRequest {
  readonly ledger: Pick<ReadLedger, 'auditPage'>;
  readonly warehouse: (target: string) => Pick<Warehouse, 'presentRows'>;
  readonly dataset: string;
  /** Tables of the dataset; what is set aside must have no row there. */
  readonly loads: readonly LoadTarget[];
  readonly pageSize?: number;
  readonly signal?: AbortSignal;
}

/** Counts every object of a dataset again in its targets, page by page; never trusts Sluice's own counters of loaded rows. */
export async function* auditDataset(request: AuditRequest): AsyncGenerator<readonly AuditedObject[]> {
  const { ledger, dataset, loads, pageSize = 5000, signal } = request;
  let after: ObjectId | undefined;
  for (;;) {
    signal?.throwIfAborted();
    const page = await ledger.auditPage(dataset, after, pageSize);
    const last = page.at(-1);
    if (last === undefined) return;
    const tables = await countTables(request, page);
    yield page.map((object) => auditObject(object, tables, loads.length > 0));
    after = last.object;
  }
}

/** The rows of a page's objects in one table, or why they could not be counted. */
interface CountedTable extends LoadTarget {
  readonly rows: ReadonlyMap<ObjectId, PresentCount> | { readonly error: string };
}

async function countTables(request: AuditRequest, page: readonly AuditObject[]): Promise<readonly CountedTable[]> {
  const tables = new Map<string, LoadTarget>();
  for (const load of [...request.loads, ...page.flatMap(({ loads }) => loads)]) tables.set(placeOf(load), load);
  const objects = page.map(({ object }) => object);
  const counted: CountedTable[] = [];
  for (const { target, table } of tables.values()) {
    try {
      const rows = await request.warehouse(target).presentRows(table, objects);
      counted.push({ target, table, rows: new Map(rows.map((count) => [count.object, count])) });
    } catch (error) {
      const { code, message } = toSluiceError(error);
      counted.push({ target, table, rows: { error: `${code}: ${message}` } });
    }
  }
  return counted;
}

function auditObject(object: AuditObject, tables: readonly CountedTable[], required: boolean): AuditedObject {
  const mine = object.loads.length === 0 ? tables : tables.filter((table) => isAmong(object.loads, table));
  const counts = mine.map(({ rows }) => countOf(rows, object.object));
  const names = mine.map(({ target, table }, _, all) =>
    all.filter((other) => other.target === target).length === 1 ? target : `${target}.${table}`,
  );
  const { uri, rowsIn, rowsQuarantined, rowsDeduplicated, rowsFiltered, state } = object;
  return {
    uri,
    rowsIn,
    rowsQuarantined,
    rowsDeduplicated,
    rowsFiltered,
    targets: Object.fromEntries(counts.map((count, index) => [names[index] ?? '', count])),
    state,
    verdict: judgeObject(object, counts, required),
  };
}

function countOf(rows: CountedTable['rows'], object: ObjectId): TargetCount {
  if ('error' in rows) return rows;
  const { present = 0, unchanged = 0, overwritten = 0, removed = 0 } = rows.get(object) ?? {};
  return { present, unchanged, overwritten, removed };
}

function isAmong(loads: readonly LoadTarget[], table: LoadTarget): boolean {
  return loads.some((load) => placeOf(load) === placeOf(table));
}

function placeOf({ target, table }: LoadTarget): string {
  return `${target}\n${table}`;
}
