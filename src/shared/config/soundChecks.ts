import { columnCheckSchema, tableCheckSchema } from './checks.js';
import type { ColumnCheck, TableCheck } from './checks.js';

/** A check and where it stands. */
export interface PlacedCheck {
  /** As in `datasets.orders.columns.amount.checks[0]`. */
  readonly path: string;
  readonly check: ColumnCheck | TableCheck;
}

/** The checks of a configuration that are sound in themselves, whatever else is wrong with it: `file` is what YAML gave. Pure. */
export function soundChecks(file: unknown): readonly PlacedCheck[] {
  return entriesOf(fieldOf(file, 'datasets')).flatMap(([name, dataset]) => {
    const path = `datasets.${name}`;
    const columns = entriesOf(fieldOf(dataset, 'columns')).flatMap(([column, settings]) =>
      itemsOf(fieldOf(settings, 'checks')).flatMap((written, index) => {
        const { data } = columnCheckSchema.safeParse(written);
        return data === undefined ? [] : [{ path: `${path}.columns.${column}.checks[${index}]`, check: data }];
      }),
    );
    const table = itemsOf(fieldOf(dataset, 'checks')).flatMap((written, index) => {
      const { data } = tableCheckSchema.safeParse(written);
      return data === undefined ? [] : [{ path: `${path}.checks[${index}]`, check: data }];
    });
    return [...columns, ...table];
  });
}

function fieldOf(value: unknown, name: string): unknown {
  return entriesOf(value).find(([key]) => key === name)?.[1];
}

function entriesOf(value: unknown): readonly (readonly [string, unknown])[] {
  return value !== null && typeof value === 'object' && !Array.isArray(value) ? Object.entries(value) : [];
}

function itemsOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
