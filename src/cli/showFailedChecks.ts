import { z } from 'zod';
import type { Output } from './output.js';

const failedChecks = z.array(
  z.object({
    data: z.object({
      name: z.string(),
      verdict: z.string(),
      expected: z.string(),
      actual: z.union([z.number(), z.string()]).nullable(),
      failingRows: z.number().optional(),
      reason: z.string().optional(),
      sample: z.array(
        z.object({
          object: z.string().optional(),
          row: z.number().optional(),
          value: z.string().nullable(),
          rows: z.number().optional(),
        }),
      ),
    }),
  }),
);
const members = z.array(z.object({ object: z.string(), uri: z.string() }));

/** Prints the failed checks of a batch, then their failing rows with the file that each came from. False where `checks` is none of these. */
export function showFailedChecks(output: Output, checks: unknown, objects: unknown): boolean {
  const { data: found } = failedChecks.safeParse(checks);
  if (found === undefined || found.length === 0) return false;
  const uris = new Map((members.safeParse(objects).data ?? []).map(({ object, uri }) => [object, uri]));
  output.line();
  output.table(
    ['failed check', 'verdict', 'expected', 'actual', 'failing rows', 'reason'],
    found.map(({ data: { name, verdict, expected, actual, failingRows, reason } }) => [
      name,
      output.paint.bad(verdict),
      expected,
      actual,
      failingRows,
      reason,
    ]),
  );
  const rows = found.flatMap(({ data: { name, sample } }) =>
    sample.map(({ object, row, value, rows: times }) => [
      name,
      object === undefined ? undefined : (uris.get(object) ?? object),
      row,
      value ?? 'NULL',
      times,
    ]),
  );
  if (rows.length === 0) return true;
  output.line();
  output.table(['failed check', 'file', 'row (from 0)', 'value (masked)', 'times'], rows);
  return true;
}
