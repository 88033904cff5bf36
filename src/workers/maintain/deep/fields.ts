import { quoteName } from '../../../shared/schema/columns.js';
import type { WireColumn } from '../../../shared/warehouses/postgres/planTable.js';

/** The same text for the same value on both sides; NULL for NULL. */
export interface ComparedField {
  /** The column's name in the artifacts. */
  readonly name: string;
  /** In SQL of the engine, over the artifacts. */
  readonly source: string;
  /** In SQL of Postgres, over the table. */
  readonly target: string;
}

const DAY_ZERO = "DATE '1970-01-01'";
const INFINITE = `CASE WHEN %c > ${DAY_ZERO} THEN 'inf' ELSE '-inf' END`;

interface Canon {
  readonly source: string;
  readonly target: string;
}

const same = (source: string, target = source): Canon => ({ source, target });

const plain = same('CAST(%c AS VARCHAR)', '(%c)::text');

/** Microseconds since 1970 without the epoch of older servers, which counts in floats. */
const MICROS = `((%c::date - ${DAY_ZERO})::bigint * 86400000000 + to_char(%c, 'SSSS')::bigint * 1000000 + to_char(%c, 'US')::bigint)::text`;
const UTC_MICROS = MICROS.replaceAll('%c', "(%c AT TIME ZONE 'UTC')");

/**
 * By the type of the value on its way. Floats are compared in their first 15 digits (FLOAT: 6), which is what both sides print alike; times
 * in microseconds UTC, decimals without trailing zeros, bytes in hex.
 */
const CANON: Readonly<Record<string, Canon>> = {
  BOOLEAN: same("CASE WHEN %c THEN 't' ELSE 'f' END"),
  SMALLINT: plain,
  INTEGER: plain,
  BIGINT: plain,
  HUGEINT: plain,
  UHUGEINT: plain,
  UUID: plain,
  BIT: plain,
  VARCHAR: same('%c', '(%c)::text'),
  BLOB: same('lower(hex(%c))', "encode(%c, 'hex')"),
  FLOAT: float('%.6g', 'FLOAT', 'real'),
  DOUBLE: float('%.15g', 'DOUBLE', 'double precision'),
  DECIMAL: same(
    "CASE WHEN contains(%c::VARCHAR, '.') THEN rtrim(rtrim(%c::VARCHAR, '0'), '.') ELSE %c::VARCHAR END",
    'trim_scale(%c)::text',
  ),
  DATE: same(
    `CASE WHEN isfinite(%c) THEN CAST(date_diff('day', ${DAY_ZERO}, %c) AS VARCHAR) ELSE ${INFINITE} END`,
    `CASE WHEN isfinite(%c) THEN (%c - ${DAY_ZERO})::text ELSE ${INFINITE} END`,
  ),
  TIME: same('CAST(epoch_us(%c) AS VARCHAR)', '(extract(epoch FROM %c) * 1000000)::bigint::text'),
  TIMESTAMP: same(
    `CASE WHEN isfinite(%c) THEN CAST(epoch_us(%c) AS VARCHAR) ELSE ${INFINITE} END`,
    `CASE WHEN isfinite(%c) THEN ${MICROS} ELSE ${INFINITE} END`,
  ),
  'TIMESTAMP WITH TIME ZONE': same(
    `CASE WHEN isfinite(%c) THEN CAST(epoch_us(%c) AS VARCHAR) ELSE ${INFINITE} END`,
    `CASE WHEN isfinite(%c) THEN ${UTC_MICROS} ELSE ${INFINITE} END`,
  ),
};

function float(format: string, duck: string, postgres: string): Canon {
  // Adding zero makes -0 equal to 0.
  return same(
    `CASE WHEN isnan(%c) THEN 'NaN' WHEN isinf(%c) THEN CASE WHEN %c > 0 THEN 'Infinity' ELSE '-Infinity' END ELSE printf('${format}', %c + 0::${duck}) END`,
    `(%c + 0::${postgres})::text`,
  );
}

/** How a column is compared; undefined where its type has no text that both sides write alike (JSON, intervals, nested values). */
export function comparedField({ source, target, wire, type }: WireColumn): ComparedField | undefined {
  const canon = CANON[wire.replace(/\(.*$/, '')];
  if (canon === undefined || (wire === 'VARCHAR' && /\]$|^(STRUCT|MAP|JSON|UNION|VARIANT)\b/.test(type)))
    return undefined;
  return {
    name: source,
    source: canon.source.replaceAll('%c', `CAST(${quoteName(source)} AS ${wire})`),
    target: canon.target.replaceAll('%c', quoteName(target)),
  };
}
