import type { RowRule } from '../../shared/checks/checkSource.js';
import { type Column, quoteName, quoteText } from '../../shared/schema/columns.js';
import { isNested } from './diagnose.js';
import { contentSql } from './sql.js';

interface Broken {
  readonly rules: readonly RowRule[];
  readonly columns: readonly Column[];
}

/** The rows of a source that break no rule. */
export function keptSql(source: string, rules: readonly RowRule[]): string {
  return `SELECT * FROM ${source} AS _s WHERE (${ruleSql(rules)}) IS NULL`;
}

/** Objects with their broken rows: how many, the first rule that one broke, and the sum of their hashes. */
export function brokenRowsSql(source: string, { rules, columns }: Broken): string {
  return `SELECT _sluice_object::VARCHAR AS object, count(*) AS rows, min(broken_rule) AS rule, ${contentSql(columns)} AS content
    FROM (SELECT *, ${ruleSql(rules)} AS broken_rule FROM ${source} AS _s) WHERE broken_rule IS NOT NULL GROUP BY ALL`;
}

/**
 * Writes the broken rows with their object, number and reason; each row as a JSON object, its values as text, so that reading them
 * again loses nothing.
 */
export function brokenSql(source: string, { rules, columns, path }: Broken & { readonly path: string }): string {
  const reasons = rules.map(({ name, expected }) => quoteText(`${name}: expected ${expected}`));
  const pairs = columns.flatMap(({ name, type }) => {
    const value = quoteName(name);
    return [quoteText(name), isNested(type) ? `to_json(${value})` : `CAST(${value} AS VARCHAR)`];
  });
  return `COPY (SELECT _sluice_object AS object, _sluice_row + 1 AS line, 'CHECK_FAILED' AS code, [${reasons.join(', ')}][broken_rule + 1] AS reason,
    json_object(${pairs.join(', ')})::VARCHAR AS raw, NULL::VARCHAR AS header
    FROM (SELECT *, ${ruleSql(rules)} AS broken_rule FROM ${source} AS _s) WHERE broken_rule IS NOT NULL ORDER BY object, line)
    TO ${quoteText(path)} (FORMAT parquet, COMPRESSION zstd, PARQUET_VERSION V1)`;
}

/** The number of the first rule that a row breaks, NULL for a row that breaks none or is not judged. */
function ruleSql(rules: readonly RowRule[]): string {
  return `CASE ${rules.map(({ fails }, index) => `WHEN ${fails} THEN ${index}`).join(' ')} END`;
}
