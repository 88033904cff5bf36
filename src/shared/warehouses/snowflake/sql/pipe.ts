import { quoteName } from '../../../schema/columns.js';
import type { TableName } from '../identifiers.js';
import { quoteTable } from '../identifiers.js';
import type { LoadColumn } from '../planTable.js';
import { tableValue, uuidText } from '../types.js';
import { PARQUET } from './staging.js';
import type { Statement } from './statement.js';
import { quoteLiteral, statement } from './statement.js';

/**
 * A pipe that copies artifacts into the table. What it copies cannot be changed later: its name carries a digest of its columns. The
 * batch is what an artifact's name begins with. Files that it cannot copy are told to the integration, where one is named.
 */
export function createPipe(
  pipe: TableName,
  table: TableName,
  from: { columns: readonly LoadColumn[]; stage: TableName; errorIntegration?: string | undefined },
): Statement {
  const field = (source: string, type: string) => `$1:${quoteName(source)}::${type}`;
  const targets = [
    ...from.columns.map(({ target }) => target),
    '_SLUICE_BATCH',
    '_SLUICE_OBJECT',
    '_SLUICE_ROW',
    '_SLUICE_LOADED_AT',
  ];
  const values = [
    ...from.columns.map(({ source, staged, type }) => tableValue(type, field(source, staged))),
    "SUBSTR(SPLIT_PART(METADATA$FILENAME, '/', -1), 1, 36)",
    uuidText(field('_sluice_object', 'VARCHAR')),
    field('_sluice_row', 'NUMBER(19,0)'),
    'METADATA$START_SCAN_TIME',
  ];
  const { errorIntegration: told } = from;
  const tells = told === undefined ? '' : ` ERROR_INTEGRATION = ${quoteName(told)}`;
  return statement([
    `CREATE PIPE IF NOT EXISTS ${quoteTable(pipe)} AUTO_INGEST = FALSE${tells} AS`,
    `COPY INTO ${quoteTable(table)} (${targets.map(quoteName).join(', ')})`,
    `FROM (SELECT ${values.join(', ')} FROM @${quoteTable(from.stage)}/)`,
    `FILE_FORMAT = ${PARQUET}`,
  ]);
}

/** Has a pipe that stands already tell of the files that it cannot copy. */
export function tellErrors(pipe: TableName, errorIntegration: string): Statement {
  return statement([`ALTER PIPE IF EXISTS ${quoteTable(pipe)} SET ERROR_INTEGRATION = ${quoteName(errorIntegration)}`]);
}

/** What Snowflake did with files that were sent to pipes: kept for 14 days. */
export function copyHistory(table: TableName, sinceHours: number): Statement {
  return statement([
    'SELECT "FILE_NAME", "STATUS", "ROW_COUNT", "ROW_PARSED", "ERROR_COUNT"',
    `FROM TABLE(${quoteName(table.database)}.INFORMATION_SCHEMA.COPY_HISTORY(TABLE_NAME => ${quoteLiteral(quoteTable(table))},`,
    `START_TIME => DATEADD(HOUR, ${-Math.abs(sinceHours)}, CURRENT_TIMESTAMP())))`,
  ]);
}
