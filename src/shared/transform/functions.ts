/** Scalar functions of the engine that look at something else than their arguments: settings, catalogue, sequences, the session. */
const FORBIDDEN = new Set([
  'alias',
  'can_cast_implicitly',
  'current_localtime',
  'current_localtimestamp',
  'current_setting',
  'getvariable',
  'json_deserialize_sql',
  'json_serialize_plan',
  'json_serialize_sql',
  'parse_duckdb_log_message',
  'stats',
  'vector_type',
  'version',
]);

/** Macros of the engine that are made of such functions only. */
const MACROS = new Set([
  'array_append',
  'array_pop_back',
  'array_pop_front',
  'array_prepend',
  'array_push_back',
  'array_push_front',
  'array_reverse',
  'array_to_string',
  'date_add',
  'days_in_month',
  'fdiv',
  'fmod',
  'json',
  'list_any_value',
  'list_append',
  'list_avg',
  'list_bool_and',
  'list_bool_or',
  'list_count',
  'list_first',
  'list_last',
  'list_max',
  'list_median',
  'list_min',
  'list_mode',
  'list_prepend',
  'list_product',
  'list_reverse',
  'list_sum',
  'map_contains_entry',
  'map_contains_value',
  'md5_number_lower',
  'md5_number_upper',
  'nullif',
  'round_even',
  'roundbankers',
  'split_part',
]);

/** What the engine's catalogue says of a function's overloads. */
export interface FunctionEntry {
  readonly name: string;
  /** scalar, aggregate, macro, table and others. */
  readonly kinds: readonly string[];
  /** CONSISTENT, CONSISTENT_WITHIN_QUERY, VOLATILE. */
  readonly stabilities: readonly string[];
}

/** Why a transform may not call a function; undefined: it may. Only what gives the same answer for the same values, always. */
export function refuseFunction(name: string, entry: FunctionEntry | undefined): string | undefined {
  if (MACROS.has(name)) return undefined;
  if (entry === undefined) return 'no function of the engine';
  if (name.startsWith('__internal') || FORBIDDEN.has(name)) return 'one that looks at more than its arguments';
  if (entry.kinds.includes('aggregate')) return 'an aggregate';
  if (!entry.kinds.includes('scalar')) return 'one that is not of single values';
  return entry.stabilities.every((stability) => stability === 'CONSISTENT')
    ? undefined
    : 'one that answers otherwise each time';
}
