import type { EngineSession } from '../../shared/engine/port.js';
import { SluiceError } from '../../shared/errors.js';
import type { Column } from '../../shared/schema/columns.js';
import type { Source, TargetColumn } from './sources.js';
import { stampSql } from './sql.js';

interface WritePlan {
  readonly session: EngineSession;
  readonly schema?: readonly Column[];
  readonly sort: readonly string[];
  readonly stampOf?: (isSchemaChanged: boolean) => string;
}

/** Before artifacts are written: the columns to sort by are there, and the artifacts will say under which version of the schema they were written. Errors: CONFIG_INVALID. */
export async function prepareWrite(
  sources: readonly Source[],
  columns: readonly TargetColumn[],
  { session, schema, sort, stampOf }: WritePlan,
): Promise<void> {
  checkSort(columns, sources, sort);
  if (stampOf === undefined) return;
  const isChanged =
    schema?.length !== columns.length ||
    columns.some(({ name, type }, index) => schema[index]?.name !== name || schema[index]?.type !== type);
  await session.run(stampSql(stampOf(isChanged)));
}

function checkSort(columns: readonly TargetColumn[], sources: readonly Source[], sort: readonly string[]): void {
  const names = new Set(columns.map(({ name }) => name.toLowerCase()));
  const missing = sort.find((name) => !names.has(name.toLowerCase()));
  if (missing === undefined || sources.length === 0) return;
  throw new SluiceError('CONFIG_INVALID', `sort: expected a column of the files, got ${missing}`, {
    facts: { column: missing },
  });
}
