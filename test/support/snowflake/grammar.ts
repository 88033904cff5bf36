import { createRequire } from 'node:module';

/** What is used of a grammar of SQL that is not Sluice's: a port of sqlglot. */
interface Grammar {
  transpile(sql: string, from: 'snowflake', to: 'duckdb'): { success: boolean; sql?: string[] };
  parse(sql: string, dialect: 'snowflake'): { success: boolean; ast?: unknown; error?: string };
}

const grammar: Grammar & { init(): Promise<void> } = createRequire(import.meta.url)('@polyglot-sql/sdk');
await grammar.init();

/** One statement of Snowflake as DuckDB's; undefined when it is none, or several. */
export function transpile(sql: string): string | undefined {
  const { success, sql: texts = [] } = grammar.transpile(sql, 'snowflake', 'duckdb');
  return success && texts.length === 1 ? texts[0] : undefined;
}

/** What the grammar takes a statement for: `merge`, `copy`; `raw` or `command` where it only knows its first words. */
export function parseStatement(sql: string): { readonly kind: string } | { readonly fault: string } {
  const { success, ast, error } = grammar.parse(sql, 'snowflake');
  if (!success || !Array.isArray(ast) || ast.length !== 1) return { fault: error ?? 'not one statement' };
  const [node]: unknown[] = ast;
  return { kind: node !== null && typeof node === 'object' ? (Object.keys(node)[0] ?? '') : '' };
}
