/**
 * An array of texts as Postgres reads it (https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO), for a parameter that is cast to
 * `text[]`: a third of the driver's cost, which looks at each value for its type and twice for what must be escaped. Null is NULL.
 */
export function textArray(values: readonly (string | null)[]): string {
  let text = '{';
  for (const value of values) {
    if (text.length > 1) text += ',';
    text += value === null ? 'NULL' : `"${ESCAPED.test(value) ? value.replace(/["\\]/g, '\\$&') : value}"`;
  }
  return `${text}}`;
}

const ESCAPED = /["\\]/;

/** An array of values that never need quotes: numbers, UUIDs. */
export function plainArray(values: readonly (string | number)[]): string {
  return `{${values.join(',')}}`;
}
