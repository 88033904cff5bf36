import type { Config, Dataset } from '../../shared/config/config.js';
import type { Column } from '../../shared/schema/columns.js';
import { parseTableName, readIdentifier } from '../../shared/warehouses/snowflake/identifiers.js';
import { stageOf } from '../../shared/warehouses/snowflake/openSnowflakeTarget.js';
import {
  EXAMPLE_BATCH,
  planStatements,
  type StatementGroup,
} from '../../shared/warehouses/snowflake/planStatements.js';

/** Every statement that a dataset's next load runs in one Snowflake table. */
export interface LoadPlan {
  readonly target: string;
  readonly table: string;
  readonly steps: readonly StatementGroup[];
}

/** The statements of each Snowflake load of a dataset, without an account; pure. Errors: TARGET_MISMATCH. */
export function planLoads(config: Config, dataset: Dataset, columns: readonly Column[]): readonly LoadPlan[] {
  return dataset.load.flatMap((load) => {
    const target = config.targets[load.target];
    if (target?.type !== 'snowflake') return [];
    const home = { database: readIdentifier(target.database), schema: readIdentifier(target.schema) };
    const steps = planStatements({
      table: parseTableName(load.table, home),
      columns,
      clusterBy: load.clusterBy ?? [],
      via: load.via ?? 'copy',
      mode: load.mode,
      key: load.key,
      orderBy: load.orderBy,
      scope: dataset.partition === 'none' || load.scope === 'table' ? '' : dataset.partition,
      stage: stageOf(config, target),
      errorIntegration: target.errorIntegration === undefined ? undefined : readIdentifier(target.errorIntegration),
      queryTag: JSON.stringify({ ...target.queryTag, app: 'sluice', target: load.target }),
      files: [`${dataset.compact.prefix}${EXAMPLE_BATCH}-1-0.parquet`],
    });
    return [{ target: load.target, table: load.table, steps }];
  });
}

/** `id BIGINT, amount DECIMAL(10,2)` as columns; undefined when it is no such list. */
export function parseColumns(text: string): readonly Column[] | undefined {
  const columns: Column[] = [];
  for (const item of text.match(/(?:\([^)]*\)|[^,(])+/g) ?? []) {
    const [, name, type] = /^\s*("[^"]+"|\w+)\s+(\S.*?)\s*$/.exec(item) ?? [];
    if (name === undefined || type === undefined) return undefined;
    columns.push({ name: name.replaceAll('"', ''), type: type.toUpperCase() });
  }
  return columns.length === 0 ? undefined : columns;
}
