import type { EngineSession } from '../../shared/engine/port.js';

/** Fewer columns are planned quickly, and gain by what the engine then computes once. */
const WIDE_COLUMNS = 200;

/**
 * Runs statements over so many columns. The engine looks for expressions that come twice by comparing each with each: for the proven
 * casts of 2,000 columns that takes four times as long as all the rest, so for wide tables it does not look.
 */
export async function runWide<T>(session: EngineSession, columns: number, run: () => Promise<T>): Promise<T> {
  if (columns < WIDE_COLUMNS) return run();
  await session.run("SET disabled_optimizers = 'common_subexpressions'");
  try {
    return await run();
  } finally {
    // A session that died takes its settings along.
    await session.run("SET disabled_optimizers = ''").catch(() => {});
  }
}
