import { unknownStatement } from './fault.js';
import { transpile } from './grammar.js';
import { mapOutsideQuotes } from './text.js';

/** Snowflake's SQL as DuckDB's, by a grammar that is not Sluice's. */
export function toDuck(sql: string): string {
  const text = transpile(sql);
  if (text === undefined) throw unknownStatement(sql);
  return mapOutsideQuotes(text, (part) =>
    // A NULL of no type is a text in Snowflake.
    part
      .replaceAll(/CURRENT_TIMESTAMP\(\)/g, 'now()')
      .replaceAll(/\bNULL AS\b/g, 'NULL::VARCHAR AS')
      .replaceAll(/\bAS NUMBER\(/g, 'AS DECIMAL(')
      .replaceAll(/\bAS TIMESTAMPNTZ\(9\)/g, 'AS TIMESTAMP_NS')
      .replaceAll(/\bAS TIMESTAMPLTZ\(9\)/g, 'AS TIMESTAMPTZ')
      .replaceAll(/\bINTERVAL (-\d+) DAY\b/g, 'INTERVAL ($1) DAY'),
  );
}
