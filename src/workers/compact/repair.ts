import type { SluiceError } from '../../shared/errors.js';
import { type ColumnChange, widenType } from '../../shared/schema/merge.js';
import type { CompactFilesRequest } from './compactOnce.js';
import { type AsideRow, partSources } from './asideRows.js';
import { type Misfit, diagnose, refuseMisfit } from './diagnose.js';
import { countCsv, findFalseFooters, observeKeys } from './observe.js';
import { widenGuess } from './plan.js';
import { resolveSchema } from './resolveSchema.js';
import type { Refusal, Source, TargetColumn } from './sources.js';

interface Repaired {
  readonly columns: readonly TargetColumn[];
  readonly sources: readonly Source[];
  readonly changes: readonly ColumnChange[];
  readonly refusals: readonly Refusal[];
  /** Rows that were taken out of sources that stay. */
  readonly aside: readonly AsideRow[];
}

type RepairRequest = Pick<CompactFilesRequest, 'session' | 'schema' | 'evolution' | 'onBadRow' | 'signal'> & {
  /** Where texts without their bad rows go. */
  readonly folder: string;
};

/** Finds the files that made a write fail: widens a column where that loses nothing, sets the others aside. Throws `error` when nobody is at fault. */
export async function repair(
  error: SluiceError,
  state: { readonly sources: readonly Source[]; readonly columns: readonly TargetColumn[] },
  request: RepairRequest,
): Promise<Repaired> {
  const { session, signal } = request;
  const { columns } = state;
  const found = await diagnose(state.sources, { session, columns, ...(signal === undefined ? {} : { signal }) });
  const widened = new Map<string, string>();
  const misfits = found.misfits.filter((misfit) => {
    const type = widen(misfit, widened.get(misfit.column) ?? misfit.expected, request);
    if (type !== undefined) widened.set(misfit.column, type);
    return type === undefined;
  });
  const faults = [...found.refusals, ...firstOfEach(misfits.map(refuseMisfit))];
  if (faults.length === 0 && widened.size === 0) throw error;
  const wider = columns.map((column) => ({ ...column, type: widened.get(column.name) ?? column.type }));
  const { sources, refusals, aside } = await partSources(state.sources, faults, { ...request, columns: wider });
  const wasMended = new Set(state.sources.filter(({ isMended }) => isMended === true).map(({ object }) => object));
  if (request.schema === undefined && sources.some((one) => one.isMended === true && !wasMended.has(one.object))) {
    // What could not be read had no say in the types.
    const plan = await resolveSchema(sources, request);
    return { ...plan, aside, refusals: [...refusals, ...plan.refusals] };
  }
  return {
    columns: wider,
    sources,
    aside,
    changes: [...widened].map(([column, to]) => ({
      column,
      to,
      from: columns.find(({ name }) => name === column)?.type ?? '',
    })),
    refusals,
  };
}

/** A wider type that takes the file in; undefined when there is none, or the schema may not change. */
function widen(misfit: Misfit, current: string, { schema, evolution }: RepairRequest): string | undefined {
  const isNew = schema === undefined || schema.every(({ name }) => name !== misfit.column);
  if (evolution === 'strict' && !isNew) return undefined;
  const type = isNew ? widenGuess(current, misfit.got) : widenType(current, misfit.got);
  return type === misfit.expected ? undefined : type;
}

/**
 * Counts the miscounted files again, each by decoding it: text whose lines are not its rows, and Parquet whose footer
 * does not say how many it holds. Throws when that tells nothing new: then rows were lost on the way.
 */
export async function recount(
  miscounted: { readonly objects: readonly string[]; readonly error: SluiceError },
  { sources, columns }: { readonly sources: readonly Source[]; readonly columns: readonly TargetColumn[] },
  { session, signal }: RepairRequest,
): Promise<Repaired> {
  const objects = new Set(miscounted.objects);
  const suspects = (format: Source['format']) =>
    sources.filter((source) => objects.has(source.object) && source.format === format);
  const options = { session, ...(signal === undefined ? {} : { signal }) };
  const texts = [...suspects('csv'), ...suspects('ndjson')];
  const seen = [await countCsv(suspects('csv'), options), await observeKeys(suspects('ndjson'), options)];
  const counted = new Map(seen.flatMap(({ answers }) => answers).map((source) => [source.object, source]));
  const unread = seen.flatMap(({ refusals }) => refusals);
  const liars = await findFalseFooters(suspects('parquet'), options);
  const refused = new Set([...unread, ...liars].map(({ object }) => object));
  const isNews = texts.some(({ object, rows }) => rows !== counted.get(object)?.rows);
  if (!isNews && liars.length === 0) throw miscounted.error;
  return {
    columns,
    sources: sources.flatMap((source) => (refused.has(source.object) ? [] : (counted.get(source.object) ?? source))),
    changes: [],
    refusals: [...unread, ...liars],
    aside: [],
  };
}

function firstOfEach(refusals: readonly Refusal[]): readonly Refusal[] {
  return [...new Map(refusals.toReversed().map((refusal) => [refusal.object, refusal])).values()];
}
