import { z } from 'zod';
import { FORMATS, type FormatName } from '../findings/reports.js';
import { inverted, kindFaults, thresholdFaults } from './checkFaults.js';
import {
  commonFields,
  count,
  expected,
  literal,
  literals,
  names,
  operatorFields,
  pattern,
  show,
  text,
  yes,
} from './checkFields.js';

/** What a column check may measure (ODCS v3.1 library metrics). */
export const COLUMN_METRICS = ['nullValues', 'missingValues', 'invalidValues', 'duplicateValues'] as const;
/** Figures over all values of a numeric column. */
export const AGGREGATES = ['sum', 'avg', 'min', 'max', 'stddev'] as const;
/** What a table check may measure: ODCS's rowCount and duplicateValues, rowCountChange (rows against earlier batches, in percent), freshness (age of a column's newest value), and aggregates of a column. */
export const TABLE_METRICS = ['rowCount', 'rowCountChange', 'freshness', 'duplicateValues', ...AGGREGATES] as const;

const COLUMN_KINDS = [
  'required',
  'unique',
  'acceptedValues',
  'range',
  'length',
  'pattern',
  'format',
  'castable',
  'references',
  'expr',
  'metric',
] as const;
const TABLE_KINDS = ['unique', 'references', 'expr', 'query', 'schema', 'metric'] as const;
const FORMAT_NAMES = Object.keys(FORMATS).filter((name): name is FormatName => name in FORMATS);

const TYPE_NAME = /^[A-Za-z][A-Za-z_ ]*(\(\d+(, ?\d+)?\))?$/;

const tableSchema = z.strictObject(
  {
    columns: z.record(z.string(), z.string().regex(TYPE_NAME, expected('a type such as BIGINT, or any'))),
    extra: z.boolean(expected('true or false')).optional(),
  },
  expected('columns and their types such as { columns: { id: BIGINT } }'),
);

const range = z
  .strictObject(
    {
      min: z.union([z.number(), text], expected('a number or text')).optional(),
      max: z.union([z.number(), text], expected('a number or text')).optional(),
    },
    expected('min and max such as { min: 0 }'),
  )
  .refine((range) => range.min !== undefined || range.max !== undefined, 'expected min, max or both, got neither')
  .refine((range) => !inverted(range.min, range.max), 'expected min at most max, got them the other way round');

const length = z
  .strictObject({ min: count.optional(), max: count.optional() }, expected('min and max such as { max: 20 }'))
  .refine((length) => length.min !== undefined || length.max !== undefined, 'expected min, max or both, got neither')
  .refine((length) => !inverted(length.min, length.max), 'expected min at most max, got them the other way round');

/** A column of another dataset. */
const reference = z.strictObject(
  { dataset: text, column: text },
  expected('a dataset and its column such as { references: { dataset: customers, column: id } }'),
);

/** The columns of a key, each with the column of another dataset that it refers to. */
const keyReference = z.strictObject(
  {
    dataset: text,
    columns: z
      .record(z.string().min(1), text)
      .refine((columns) => Object.keys(columns).length > 0, 'expected at least one column, got none'),
  },
  expected(
    'a dataset and its columns such as { references: { dataset: regions, columns: { country: country, region: code } } }',
  ),
);

const metricArguments = z.strictObject(
  {
    validValues: literals.optional(),
    pattern: pattern.optional(),
    missingValues: z.array(literal.nullable()).optional(),
    properties: names.optional(),
    /** rowCountChange: the last batches whose median is compared with. Default 30. */
    batches: z.int(expected('a whole number')).min(7, expected('7 or more')).max(60, expected('60 or less')).optional(),
  },
  expected('arguments such as { validValues: [new, paid] }'),
);

const columnCheckObject = z
  .strictObject(
    {
      required: yes.optional(),
      unique: yes.optional(),
      acceptedValues: literals.optional(),
      range: range.optional(),
      length: length.optional(),
      pattern: pattern.optional(),
      format: z.enum(FORMAT_NAMES, expected(`one of ${FORMAT_NAMES.join(', ')}`)).optional(),
      /** A type of the engine, such as DATE or DECIMAL(10,2), that each text must become without loss of meaning. */
      castable: z.string().regex(TYPE_NAME, expected('a type such as DATE or DECIMAL(10,2)')).optional(),
      /** Each value stands in this column of the other dataset's loaded rows. */
      references: reference.optional(),
      expr: text.optional(),
      metric: z.enum(COLUMN_METRICS, expected(`one of ${COLUMN_METRICS.join(', ')}`)).optional(),
      arguments: metricArguments.optional(),
      ...operatorFields,
      ...commonFields,
    },
    expected('a check: required, unique, or a mapping such as { range: { min: 0 } }'),
  )
  .superRefine((check, context) => {
    const faults = [...kindFaults(check, COLUMN_KINDS), ...thresholdFaults(check)];
    if (check.metric === 'invalidValues' && !check.arguments?.validValues && !check.arguments?.pattern) {
      faults.push({ path: ['arguments'], message: 'expected validValues or pattern for invalidValues, got neither' });
    }
    for (const fault of faults) context.addIssue({ code: 'custom', ...fault });
  });

const tableCheckObject = z
  .strictObject(
    {
      unique: names.optional(),
      /** The values of these columns stand together in one of the other dataset's loaded rows. */
      references: keyReference.optional(),
      expr: text.optional(),
      metric: z.enum(TABLE_METRICS, expected(`one of ${TABLE_METRICS.join(', ')}`)).optional(),
      /** One SELECT over `input` that gives one number; without an operator it fails above 0. */
      query: text.optional(),
      /** The columns that a batch must have, by name; a type, or `any`. `extra: false` allows no others. */
      schema: tableSchema.optional(),
      /** The column of freshness and of aggregates. */
      column: text.optional(),
      arguments: metricArguments.optional(),
      ...operatorFields,
      ...commonFields,
    },
    expected('a check such as { metric: rowCount, mustBeGreaterThan: 0 }'),
  )
  .superRefine((check, context) => {
    const faults = [...kindFaults(check, TABLE_KINDS), ...thresholdFaults(check)];
    const needsColumn = check.metric === 'freshness' || isAggregate(check.metric);
    if (needsColumn && check.column === undefined) {
      faults.push({
        path: ['column'],
        message: `expected the column that ${check.metric} is measured of, got nothing`,
      });
    }
    if (!needsColumn && check.column !== undefined) {
      faults.push({
        path: ['column'],
        message: `expected no column but with metric: freshness, ${AGGREGATES.join(', ')}`,
      });
    }
    if (check.metric === 'duplicateValues' && check.arguments?.properties === undefined) {
      faults.push({ path: ['arguments', 'properties'], message: 'expected the columns of the key, got nothing' });
    }
    if (check.metric !== 'rowCountChange' && check.arguments?.batches !== undefined) {
      faults.push({ path: ['arguments', 'batches'], message: 'expected batches only with metric: rowCountChange' });
    }
    for (const fault of faults) context.addIssue({ code: 'custom', ...fault });
  });

/** Whether a metric is a figure over all values of a column. */
export function isAggregate(metric: string | undefined): metric is (typeof AGGREGATES)[number] {
  return AGGREGATES.some((aggregate) => aggregate === metric);
}

/** One entry under `columns.<name>.checks`. Faults name what was expected and got. */
export const columnCheckSchema = z.union([z.enum(['required', 'unique']), columnCheckObject], {
  error: (issue) => (issue.code === 'invalid_union' ? unionFault(issue.errors, issue.input) : undefined),
});
/** One entry under a dataset's `checks`. */
export const tableCheckSchema = tableCheckObject;

/** A column check as it is written in the configuration. */
export type ColumnCheck = z.infer<typeof columnCheckSchema>;
/** A column check that is no short word. */
export type ColumnCheckObject = z.infer<typeof columnCheckObject>;
/** A table check as it is written in the configuration. */
export type TableCheck = z.infer<typeof tableCheckSchema>;

/** The faults of the mapping when a mapping was given, else what the two short words would be. */
function unionFault(errors: readonly (readonly { path: PropertyKey[]; message: string }[])[], input: unknown): string {
  if (input === null || typeof input !== 'object')
    return `expected required, unique or a mapping such as { range: { min: 0 } }, got ${show(input)}`;
  return (errors[1] ?? [])
    .map(({ path, message }) => (path.length > 0 ? `${path.join('.')}: ${message}` : message))
    .join('; ');
}
