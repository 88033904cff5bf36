/** One statement: its text, and the values of its `?` in order. Texts hold no secret and, but for ids of Sluice's own, no value of a row. */
export interface Statement {
  readonly text: string;
  readonly binds?: readonly Bind[];
}

export type Bind = string | number | null;

/** A statement of these lines, joined by spaces. */
export function statement(lines: readonly string[], binds?: readonly Bind[]): Statement {
  const text = lines.filter((line) => line !== '').join(' ');
  return binds === undefined ? { text } : { text, binds };
}

/** A string literal. Snowflake reads backslashes in literals as escapes. */
export function quoteLiteral(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
}
