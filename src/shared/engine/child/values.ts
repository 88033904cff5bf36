import {
  DuckDBArrayValue,
  DuckDBBlobValue,
  DuckDBListValue,
  DuckDBMapValue,
  DuckDBStructValue,
  DuckDBTimestampMillisecondsValue,
  DuckDBTimestampNanosecondsValue,
  DuckDBTimestampSecondsValue,
  DuckDBTimestampTZValue,
  DuckDBTimestampValue,
  DuckDBUnionValue,
  type DuckDBValue,
} from '@duckdb/node-api';
import type { EngineValue } from '../port.js';

const TIMESTAMPS = [
  DuckDBTimestampValue,
  DuckDBTimestampTZValue,
  DuckDBTimestampSecondsValue,
  DuckDBTimestampMillisecondsValue,
  DuckDBTimestampNanosecondsValue,
];

/** A DuckDB value as plain data that travels between processes. A map becomes a list of {key, value}. */
export function engineValue(value: DuckDBValue): EngineValue {
  if (value === null || typeof value !== 'object') return value;
  if (value instanceof DuckDBListValue || value instanceof DuckDBArrayValue) return value.items.map(engineValue);
  if (value instanceof DuckDBStructValue) {
    return Object.fromEntries(Object.entries(value.entries).map(([name, inner]) => [name, engineValue(inner)]));
  }
  if (value instanceof DuckDBMapValue) {
    return value.entries.map((entry) => ({ key: engineValue(entry.key), value: engineValue(entry.value) }));
  }
  if (value instanceof DuckDBUnionValue) return engineValue(value.value);
  if (value instanceof DuckDBBlobValue) return Uint8Array.from(value.bytes);
  if (TIMESTAMPS.some((type) => value instanceof type)) return isoText(value.toString());
  return value.toString();
}

/** DuckDB writes `2024-01-02 03:04:05+00`; ISO 8601 has a T between and a Z at the end. */
function isoText(text: string): string {
  return text.replace(/^(\d{4,}-\d\d-\d\d) /, '$1T').replace(/\+00$/, 'Z');
}
