import { quoteName } from '../../shared/schema/columns.js';
import type { Output } from '../output.js';
import { showSummary } from '../run/showSummary.js';
import type { Tried } from './tryFiles.js';

/** A table that a try made, counted in the target. */
export interface TriedTable {
  readonly table: string;
  readonly rows: number;
  readonly columns: readonly string[];
}

/** The tables of a try, as they stand in the target; one that no file got into is left out. */
export async function listTables({ services }: Pick<Tried, 'services'>): Promise<readonly TriedTable[]> {
  const tables: TriedTable[] = [];
  for (const { load } of services.config.datasets) {
    for (const { target, table } of load) {
      const warehouse = services.warehouse(target);
      const counted = await warehouse.ask(`SELECT count(*) FROM ${quoteName(table)}`).catch(() => undefined);
      if (counted === undefined) continue;
      const { columns } = await warehouse.ask(`SELECT * FROM ${quoteName(table)} LIMIT 0`);
      const shown = columns.filter((name) => !name.startsWith('_sluice_'));
      tables.push({ table, rows: Number(counted.rows[0]?.[0] ?? 0), columns: shown });
    }
  }
  return tables;
}

const SHOWN_COLUMNS = 8;

/** What came of a try, for people. */
export function showTried(output: Output, { summary, file }: Tried, tables: readonly TriedTable[]): void {
  output.table(
    ['table', 'rows', 'columns'],
    tables.map(({ table, rows, columns }) => {
      const more = columns.length - SHOWN_COLUMNS;
      return [table, rows, `${columns.slice(0, SHOWN_COLUMNS).join(', ')}${more > 0 ? ` and ${more} more` : ''}`];
    }),
  );
  showSummary(output, summary);
  const [first] = tables;
  if (first === undefined) return;
  output.line();
  output.line(`ask:   sluice sql 'SELECT * FROM ${quoteName(first.table)} LIMIT 5' --config ${file}`);
  output.line('keep:  the same command with --save writes sluice.yaml here; --stay keeps Postgres up');
}
