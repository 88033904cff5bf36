import type { EngineSession } from '../../shared/engine/port.js';
import { quoteName, quoteText } from '../../shared/schema/columns.js';
import { bisect } from './bisect.js';
import type { Refusal, Source } from './sources.js';

/**
 * Refuses Parquet files whose INT96 columns hold a moment outside the years 1 to 9999: the engine turns INT96 into
 * microseconds, and far moments come round at another date without an error. Files without INT96 cost nothing here.
 */
export async function refuseWrappedMoments(
  sources: readonly Source[],
  { session, signal }: { readonly session: EngineSession; readonly signal?: AbortSignal },
): Promise<readonly Refusal[]> {
  const groups = new Map<string, Source[]>();
  for (const source of sources.filter(({ int96 = [] }) => int96.length > 0)) {
    const key = JSON.stringify(source.int96);
    groups.set(key, [...(groups.get(key) ?? []), source]);
  }
  const refusals: Refusal[] = [];
  for (const group of groups.values()) {
    const names = group[0]?.int96 ?? [];
    const counts = names.map((name, index) => `count(*) FILTER (${outside(quoteName(name))}) AS n${index}`);
    // A page that is damaged shows here first: its file is the only one to be refused.
    const found = await bisect(group, async (some) => {
      const files = some.map(({ file }) => quoteText(file)).join(', ');
      const rows = await session.query(
        `SELECT file_index AS file, ${counts.join(', ')} FROM read_parquet([${files}], hive_partitioning = false, union_by_name = true) GROUP BY ALL`,
        signal,
      );
      return rows.flatMap((row) => refuse(some[Number(row.file)], names, (index) => Number(row[`n${index}`])));
    });
    refusals.push(...found.answers, ...found.refusals);
  }
  return refusals;
}

function outside(column: string): string {
  return `${column} < TIMESTAMP '0001-01-01' OR ${column} >= TIMESTAMP '10000-01-01'`;
}

function refuse(
  source: Source | undefined,
  names: readonly string[],
  count: (index: number) => number,
): readonly Refusal[] {
  const index = names.findIndex((_, at) => count(at) > 0);
  if (source === undefined || index < 0) return [];
  const rows = count(index) === 1 ? '1 row' : `${count(index)} rows`;
  const reason = `column ${names[index]}: expected INT96 moments from year 1 to 9999, got others in ${rows}`;
  return [{ object: source.object, code: 'VALUE_INVALID', reason }];
}
