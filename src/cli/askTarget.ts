import { SluiceError, toSluiceError } from '../shared/errors.js';
import type { Asked } from '../shared/warehouses/port.js';
import type { Services } from './services.js';

export type AskedValue = string | number | boolean | null;

/** Asks a target, the only one where none is named. Throws USAGE when the choice is not clear, and the errors of the target. */
export async function askTarget(
  { config, warehouse }: Pick<Services, 'config' | 'warehouse'>,
  { statement, target }: { readonly statement: string; readonly target: string | undefined },
): Promise<{ readonly columns: readonly string[]; readonly rows: readonly Readonly<Record<string, AskedValue>>[] }> {
  const names = Object.keys(config.targets);
  const [only, ...others] = names;
  const name = target ?? (others.length === 0 ? only : undefined);
  if (name === undefined) {
    throw new SluiceError(
      'USAGE',
      `expected --target, one of ${names.join(', ') || 'no targets in the configuration'}, got none`,
    );
  }
  const { columns, kinds, rows } = await warehouse(name).ask(statement).catch(refuseStatement);
  return {
    columns,
    rows: rows.map((row) =>
      Object.fromEntries(row.map((value, index) => [columns[index] ?? String(index), readValue(value, kinds[index])])),
    ),
  };
}

/** The statement is the user's own: what the target does not understand is their usage, not a fault of ours. */
function refuseStatement(error: unknown): never {
  const { code, message, facts } = toSluiceError(error);
  if (code !== 'INTERNAL' && code !== 'TARGET_MISMATCH') throw error;
  throw new SluiceError('USAGE', message, { facts, cause: error });
}

/** A number stays text where a JSON number would not hold it: NaN, infinities, integers beyond 2^53, decimals beyond 17 digits. */
function readValue(value: string | null, kind: Asked['kinds'][number] | undefined): AskedValue {
  if (value === null || kind === undefined || kind === 'text') return value;
  if (kind === 'boolean') return value === 't' || value === 'true';
  const number = Number(value);
  if (Number.isInteger(number)) return Number.isSafeInteger(number) ? number : value;
  return Number.isFinite(number) && value.replaceAll(/^-?0*\.?0*|\./g, '').length <= 17 ? number : value;
}
