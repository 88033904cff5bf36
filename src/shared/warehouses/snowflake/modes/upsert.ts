import { SluiceError } from '../../../errors.js';
import { quoteName } from '../../../schema/columns.js';
import { knownObjects } from '../enterBooks.js';
import { numberAt } from '../run.js';
import { claimObjects } from '../sql/books.js';
import type { KeyRange, MergeKeys } from '../sql/merge.js';
import {
  countTwice,
  countVerdicts,
  createVerdicts,
  judgeRows,
  keyRange,
  mergeRows,
  noteOverwritten,
  rangeColumn,
} from '../sql/merge.js';
import type { StagedRows } from '../sql/write.js';
import type { ModeContext, WriteModeRules, Written } from './mode.js';

/**
 * One row a key. Of several rows the greatest by `orderBy` stands, then by batch, then by object and row, whatever the order of batches. A
 * row that is equal to the one that stands is not written. A repeated object is left out by the books.
 */
export const upsert: WriteModeRules = { takesTurns: true, prepare: createVerdicts, write: mergeBatch };

async function mergeBatch(context: ModeContext): Promise<Written> {
  const { run, key, request } = context;
  const known = await knownObjects(run, key, request);
  const skipped = [...known];
  const wanted = request.objects.filter(({ object }) => !known.has(object));
  const hasRows = wanted.some(({ rows }) => rows > 0);
  const verdicts = hasRows ? await merge({ ...context, rows: { ...context.rows, skipped } }) : new Map();
  const entries = wanted.map(({ object, rows }) => {
    const { same = 0, present = 0 } = verdicts.get(object) ?? {};
    return { object, rows, unchanged: same, overwritten: rows - same - present };
  });
  return {
    present: [...verdicts.values()].reduce((sum, one) => sum + one.present, 0),
    skipped,
    ...(entries.length > 0 && { claim: { statement: claimObjects(key, entries), expected: entries.length } }),
    notes: hasRows ? [noteOverwritten(key, context.beside)] : [],
  };
}

/** Judges and merges; what each object's rows were to the table. Errors: KEY_MISSING, TARGET_REFUSED, TARGET_BUSY, TARGET_MISMATCH. */
async function merge({
  run,
  table,
  key,
  request,
  rows,
  beside: verdicts,
}: ModeContext): Promise<ReadonlyMap<string, { readonly same: number; readonly present: number }>> {
  const keys = mergeKeys(request, rows);
  const facts = { table: key.table, batch: key.batch };
  const ranged = await run(keyRange(rows, keys), 'rows');
  const missing = numberAt(ranged, 0);
  if (missing > 0) {
    const names = (request.key ?? []).map(quoteName).join(' or ');
    throw new SluiceError('KEY_MISSING', `expected a key in every row, got ${missing} rows without ${names}`, {
      facts: { ...facts, rows: missing },
    });
  }
  const range = readRange(rangeColumn(rows, keys), ranged.rows[0] ?? []);
  await run(judgeRows(table, rows, { keys, verdicts, range }), 'rows');
  if (numberAt(await run(countTwice(verdicts), 'rows'), 0) > 0)
    throw new SluiceError('TARGET_REFUSED', `expected one row a key in ${key.table}, got several of some key`, {
      facts: { ...facts, key: keys.key.join(', ') },
    });
  const judged = (await run(countVerdicts(verdicts), 'rows')).rows.map(([object, ...counts]) => {
    const [same = 0, fresh = 0, wins = 0] = counts.map(Number);
    return { object: object ?? '', same, fresh, wins };
  });
  const sum = (of: 'fresh' | 'wins') => judged.reduce((total, one) => total + one[of], 0);
  const merged = await run(mergeRows(table, rows, { keys, verdicts, range }), 'rows');
  const got = [numberAt(merged, 0), numberAt(merged, 1)];
  if (got[0] !== sum('fresh') || got[1] !== sum('wins'))
    throw new SluiceError(
      'TARGET_BUSY',
      `expected ${sum('fresh')} new and ${sum('wins')} newer rows in ${key.table}, got ${got.join(' and ')}: somebody else wrote into it`,
      { facts },
    );
  return new Map(judged.map(({ object, same, fresh, wins }) => [object, { same, present: fresh + wins }]));
}

function readRange(
  column: Omit<KeyRange, 'bounds'> | undefined,
  [, least, greatest]: readonly (string | null)[],
): KeyRange | undefined {
  if (column === undefined || typeof least !== 'string' || typeof greatest !== 'string') return undefined;
  return { ...column, bounds: [least, greatest] };
}

/** The table's names of a request's key and order. Errors: TARGET_MISMATCH when the batch has no such column. */
export function mergeKeys(
  { key = [], orderBy = [], table }: Pick<ModeContext['request'], 'key' | 'orderBy' | 'table'>,
  { columns }: Pick<StagedRows, 'columns'>,
): MergeKeys {
  const named = (source: string, use: string) => {
    const found = columns.find((column) => column.source === source)?.target;
    if (found !== undefined) return found;
    throw new SluiceError('TARGET_MISMATCH', `expected the ${use} ${quoteName(source)} among the columns, got none`, {
      facts: { table, column: source },
    });
  };
  return { key: key.map((name) => named(name, 'key')), orderBy: orderBy.map((name) => named(name, 'order')) };
}
