import type { ObjectId } from '../shared/ids.js';
import type { Ledger } from '../shared/ledger/port.js';
import type { CustodyPage, Presence } from './pages/custody.js';

/** Counts the rows of one object in a target's table itself. */
export type PresentRows = (target: string, table: string, object: ObjectId) => Promise<number>;

/** A target that takes longer is told as not answering; the rest of the page is worth more than the wait. */
const COUNT_TIMEOUT_MS = 3000;

/** Everything known of one object, its rows counted in the targets; undefined when the ledger does not know it. Errors: LEDGER_AWAY. */
export async function readCustody(
  ledger: Ledger,
  object: ObjectId,
  presentRows: PresentRows | undefined,
): Promise<CustodyPage | undefined> {
  const custody = await ledger.objects.custody(object);
  if (custody === undefined) return undefined;
  const places = new Map(custody.loads.map(({ target, table }) => [`${target}\n${table}`, { target, table }]));
  const { batch } = custody.object;
  const [presence, findings] = await Promise.all([
    presentRows === undefined
      ? []
      : Promise.all([...places.values()].map((place) => count(place, object, presentRows))),
    batch === undefined ? [] : ledger.read.findings({ batch, limit: 50 }),
  ]);
  return { custody, presence, findings: findings.filter(({ kind }) => kind !== 'profile') };
}

async function count(
  { target, table }: { target: string; table: string },
  object: ObjectId,
  presentRows: PresentRows,
): Promise<Presence> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), COUNT_TIMEOUT_MS);
  });
  const rows = await Promise.race([presentRows(target, table, object).catch(() => undefined), late]);
  clearTimeout(timer);
  return { target, table, rows };
}
