import type { CheckResult } from '../findings/check.js';
import { QUANTILES, type ColumnProfile, type ProfileReport, type QuantileName } from '../findings/reports.js';
import type { Column } from '../schema/columns.js';
import type { DatasetName } from './names.js';

/** Who made an event and its facets. */
export const PRODUCER = 'https://github.com/sluice-data/sluice';

/** A facet with what each must have: its maker and the schema it follows. */
export function facet(schema: string, content: object): object {
  const name = schema.slice(schema.indexOf('/') + 1);
  return {
    _producer: PRODUCER,
    _schemaURL: `https://openlineage.io/spec/facets/${schema}.json#/$defs/${name}`,
    ...content,
  };
}

/** Columns with their DuckDB types, in order. */
export function schemaFacet(columns: readonly Column[]): object {
  const fields = columns.map(({ name, type }, index) => ({ name, type, ordinal_position: index + 1 }));
  return facet('1-2-0/SchemaDatasetFacet', { fields });
}

/** Each column comes from the one of its name. */
export function columnLineageFacet(columns: readonly Column[], { namespace, name }: DatasetName): object {
  const fields = columns.map((column) => [
    column.name,
    {
      inputFields: [
        {
          namespace,
          name,
          field: column.name,
          transformations: [{ type: 'DIRECT', subtype: 'IDENTITY', masking: false }],
        },
      ],
    },
  ]);
  return facet('1-2-0/ColumnLineageDatasetFacet', { fields: Object.fromEntries(fields) });
}

/** Counts, and for numbers least, greatest and quantiles; others have no place in the standard. */
export function metricsFacet({ rows, bytes, columns }: ProfileReport): object {
  const metrics = columns.map((column) => [column.name, columnMetrics(column, rows)]);
  return facet('1-0-3/DataQualityMetricsInputDatasetFacet', {
    rowCount: rows,
    ...(bytes === undefined ? {} : { bytes }),
    columnMetrics: Object.fromEntries(metrics),
  });
}

function columnMetrics({ nulls, distinct, min, max, mean, quantiles }: ColumnProfile, rows: number): object {
  const count = rows - nulls;
  const numbers = Object.entries(quantiles ?? {}).flatMap(([name, value]) =>
    typeof value === 'number' && isQuantile(name) ? [[String(QUANTILES[name]), value] as const] : [],
  );
  return {
    nullCount: nulls,
    count,
    ...(distinct === undefined ? {} : { distinctCount: Math.round(distinct) }),
    ...(typeof min === 'number' ? { min } : {}),
    ...(typeof max === 'number' ? { max } : {}),
    ...(typeof mean === 'number' ? { sum: mean * count } : {}),
    ...(numbers.length === 0 ? {} : { quantiles: Object.fromEntries(numbers) }),
  };
}

function isQuantile(name: string): name is QuantileName {
  return Object.hasOwn(QUANTILES, name);
}

/** The verdicts of the checks; a warning counts as broken, with the severity `warn`. */
export function assertionsFacet(checks: readonly CheckResult[]): object {
  const assertions = checks.map(({ name, column, verdict, expected, actual }) => ({
    assertion: name,
    success: verdict === 'pass',
    severity: verdict === 'warn' ? 'warn' : 'error',
    ...(column === undefined ? {} : { column }),
    expected,
    ...(actual === null ? {} : { actual: String(actual) }),
  }));
  return facet('1-1-0/DataQualityAssertionsDatasetFacet', { assertions });
}

/** Rows, bytes and files that went in, or came out. */
export interface Volume {
  readonly rows: number;
  readonly bytes: number;
  readonly files: number;
}

export function inputStatisticsFacet({ rows, bytes, files }: Volume): object {
  return facet('1-0-0/InputStatisticsInputDatasetFacet', { rowCount: rows, size: bytes, fileCount: files });
}

/** Of a table only the rows are known. */
export function outputStatisticsFacet({ rows, bytes, files }: Pick<Volume, 'rows'> & Partial<Volume>): object {
  return facet('1-0-2/OutputStatisticsOutputDatasetFacet', {
    rowCount: rows,
    ...(bytes === undefined ? {} : { size: bytes }),
    ...(files === undefined ? {} : { fileCount: files }),
  });
}

/** The exact objects of a prefix. */
export function subsetFacet(locations: readonly string[]): object {
  return {
    _producer: PRODUCER,
    _schemaURL:
      'https://openlineage.io/spec/facets/1-0-0/BaseSubsetDatasetFacet.json#/$defs/InputSubsetInputDatasetFacet',
    inputCondition: { type: 'location', locations },
  };
}

/** Why a run failed: code and message, which hold no row values. */
export function errorFacet(message: string): object {
  return facet('1-0-1/ErrorMessageRunFacet', { message, programmingLanguage: 'TypeScript' });
}
