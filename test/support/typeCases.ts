/** Values of one DuckDB type, and how Postgres prints them after a load. */
export interface TypeCase {
  /** As DESCRIBE writes it. */
  readonly type: string;
  /** The Postgres type of the created column. */
  readonly postgres: string;
  /** DuckDB expression -> text of Postgres (TimeZone UTC, extra_float_digits 1, hex bytea). NULL is tried for every type. */
  readonly values: readonly (readonly [expression: string, text: string])[];
}

/** The types that reach Postgres, at their edges. */
export const TYPE_CASES: readonly TypeCase[] = [
  {
    type: 'BOOLEAN',
    postgres: 'boolean',
    values: [
      ['true', 'true'],
      ['false', 'false'],
    ],
  },
  {
    type: 'TINYINT',
    postgres: 'smallint',
    values: [
      ['-128', '-128'],
      ['127', '127'],
      ['0', '0'],
    ],
  },
  {
    type: 'UTINYINT',
    postgres: 'smallint',
    values: [
      ['255', '255'],
      ['0', '0'],
    ],
  },
  {
    type: 'SMALLINT',
    postgres: 'smallint',
    values: [
      ['-32768', '-32768'],
      ['32767', '32767'],
    ],
  },
  { type: 'USMALLINT', postgres: 'integer', values: [['65535', '65535']] },
  {
    type: 'INTEGER',
    postgres: 'integer',
    values: [
      ['-2147483648', '-2147483648'],
      ['2147483647', '2147483647'],
      ['-1', '-1'],
    ],
  },
  { type: 'UINTEGER', postgres: 'bigint', values: [['4294967295', '4294967295']] },
  {
    type: 'BIGINT',
    postgres: 'bigint',
    values: [
      ['-9223372036854775808', '-9223372036854775808'],
      ['9223372036854775807', '9223372036854775807'],
      ['-1', '-1'],
      ['4294967296', '4294967296'],
    ],
  },
  {
    type: 'UBIGINT',
    postgres: 'numeric(20,0)',
    values: [
      ['18446744073709551615', '18446744073709551615'],
      ['0', '0'],
      ['10000', '10000'],
    ],
  },
  {
    type: 'HUGEINT',
    postgres: 'numeric(39,0)',
    values: [
      ['170141183460469231731687303715884105727', '170141183460469231731687303715884105727'],
      ['-170141183460469231731687303715884105727', '-170141183460469231731687303715884105727'],
      ['-1', '-1'],
    ],
  },
  {
    type: 'UHUGEINT',
    postgres: 'numeric(39,0)',
    values: [['340282366920938463463374607431768211455', '340282366920938463463374607431768211455']],
  },
  {
    type: 'FLOAT',
    postgres: 'real',
    values: [
      ['1.5', '1.5'],
      ["'nan'", 'NaN'],
      ["'inf'", 'Infinity'],
      ["'-inf'", '-Infinity'],
      ['3.4028235e38', '3.4028235e+38'],
      ['1e-45', '1e-45'],
      ["'-0'", '-0'],
      ['0.1', '0.1'],
    ],
  },
  {
    type: 'DOUBLE',
    postgres: 'double precision',
    values: [
      ['0.1', '0.1'],
      ["'nan'", 'NaN'],
      ["'inf'", 'Infinity'],
      ["'-inf'", '-Infinity'],
      ['1.7976931348623157e308', '1.7976931348623157e+308'],
      ['5e-324', '5e-324'],
      ["'-0'", '-0'],
      ['1e22', '1e+22'],
    ],
  },
  {
    type: 'DECIMAL(4,1)',
    postgres: 'numeric(4,1)',
    values: [
      ['999.9', '999.9'],
      ['-999.9', '-999.9'],
      ['0', '0.0'],
    ],
  },
  {
    type: 'DECIMAL(9,2)',
    postgres: 'numeric(9,2)',
    values: [
      ['1234567.89', '1234567.89'],
      ['-0.01', '-0.01'],
      ['10000', '10000.00'],
    ],
  },
  {
    type: 'DECIMAL(12,5)',
    postgres: 'numeric(12,5)',
    values: [
      ['1234567.89012', '1234567.89012'],
      ['-0.00001', '-0.00001'],
      ['10000', '10000.00000'],
    ],
  },
  {
    type: 'DECIMAL(18,0)',
    postgres: 'numeric(18,0)',
    values: [
      ['999999999999999999', '999999999999999999'],
      ['-999999999999999999', '-999999999999999999'],
      ['100000000', '100000000'],
    ],
  },
  {
    type: 'DECIMAL(18,18)',
    postgres: 'numeric(18,18)',
    values: [
      ['0.000000000000000001', '0.000000000000000001'],
      ['-0.999999999999999999', '-0.999999999999999999'],
    ],
  },
  {
    type: 'DECIMAL(38,10)',
    postgres: 'numeric(38,10)',
    values: [
      ['9999999999999999999999999999.9999999999', '9999999999999999999999999999.9999999999'],
      ['-9999999999999999999999999999.9999999999', '-9999999999999999999999999999.9999999999'],
      ['0.0000000001', '0.0000000001'],
      ['12345678901234567890', '12345678901234567890.0000000000'],
    ],
  },
  {
    type: 'DECIMAL(38,0)',
    postgres: 'numeric(38,0)',
    values: [
      ['99999999999999999999999999999999999999', '99999999999999999999999999999999999999'],
      ['-1', '-1'],
    ],
  },
  {
    type: 'VARCHAR',
    postgres: 'text',
    values: [
      ["''", ''],
      ["'\\N'", '\\N'],
      ["'\\.'", '\\.'],
      ["'a' || chr(9) || 'b' || chr(10) || 'c' || chr(13) || 'd' || chr(8) || chr(12) || chr(11)", 'a\tb\nc\rd\b\f\v'],
      ["'back\\slash\\t'", 'back\\slash\\t'],
      [`'quote '' and "double"'`, `quote ' and "double"`],
      ["'żółć 日本 🦆'", 'żółć 日本 🦆'],
      ["repeat('x', 5000)", 'x'.repeat(5000)],
      ["'NULL'", 'NULL'],
      ["' padded '", ' padded '],
    ],
  },
  {
    type: "ENUM('small', 'x\ty')",
    postgres: 'text',
    values: [
      ["'small'", 'small'],
      ["'x' || chr(9) || 'y'", 'x\ty'],
    ],
  },
  {
    type: 'UUID',
    postgres: 'uuid',
    values: [
      ["'00000000-0000-0000-0000-000000000000'", '00000000-0000-0000-0000-000000000000'],
      ["'ffffffff-ffff-ffff-ffff-ffffffffffff'", 'ffffffff-ffff-ffff-ffff-ffffffffffff'],
      ["'01234567-89ab-cdef-8123-456789abcdef'", '01234567-89ab-cdef-8123-456789abcdef'],
    ],
  },
  {
    type: 'BLOB',
    postgres: 'bytea',
    values: [
      ["''", '\\x'],
      ["'\\x00\\xFF\\x5C\\x0A'", '\\x00ff5c0a'],
      ["encode('żółć')", '\\xc5bcc3b3c582c487'],
    ],
  },
  {
    type: 'BIT',
    postgres: 'bit varying',
    values: [
      ["'1'", '1'],
      ["'0101011'", '0101011'],
      ["'00000000'", '00000000'],
      ["'101010101'", '101010101'],
    ],
  },
  {
    type: 'DATE',
    postgres: 'date',
    values: [
      ["'2000-01-01'", '2000-01-01'],
      ["'1969-12-31'", '1969-12-31'],
      ["'infinity'", 'infinity'],
      ["'-infinity'", '-infinity'],
      ["'0044-03-15 (BC)'", '0044-03-15 BC'],
      ["'12345-06-07'", '12345-06-07'],
      ["'0001-01-01'", '0001-01-01'],
    ],
  },
  {
    type: 'TIME',
    postgres: 'time without time zone',
    values: [
      ["'00:00:00'", '00:00:00'],
      ["'23:59:59.999999'", '23:59:59.999999'],
      ["'24:00:00'", '24:00:00'],
    ],
  },
  {
    type: 'TIME WITH TIME ZONE',
    postgres: 'time with time zone',
    values: [
      ["'12:34:56.789+05:30'", '12:34:56.789+05:30'],
      ["'00:00:00-11'", '00:00:00-11'],
    ],
  },
  {
    type: 'TIMESTAMP',
    postgres: 'timestamp without time zone',
    values: [
      ["'2026-11-23 05:06:07.891234'", '2026-11-23 05:06:07.891234'],
      ["'1969-12-31 23:59:59.999999'", '1969-12-31 23:59:59.999999'],
      ["'2000-01-01'", '2000-01-01 00:00:00'],
      ["'1999-12-31 23:59:59.5'", '1999-12-31 23:59:59.5'],
      ["'infinity'", 'infinity'],
      ["'-infinity'", '-infinity'],
      ["'0044-03-15 (BC) 12:00:00'", '0044-03-15 12:00:00 BC'],
      ["'20000-01-01'", '20000-01-01 00:00:00'],
    ],
  },
  {
    type: 'TIMESTAMP_S',
    postgres: 'timestamp without time zone',
    values: [["'2026-11-23 05:06:07'", '2026-11-23 05:06:07']],
  },
  {
    type: 'TIMESTAMP_MS',
    postgres: 'timestamp without time zone',
    values: [["'2026-11-23 05:06:07.891'", '2026-11-23 05:06:07.891']],
  },
  {
    type: 'TIMESTAMP_NS',
    postgres: 'timestamp without time zone',
    values: [
      ["'2026-11-23 05:06:07.891234'", '2026-11-23 05:06:07.891234'],
      ["'1969-12-31 23:59:59.999999'", '1969-12-31 23:59:59.999999'],
    ],
  },
  {
    type: 'TIMESTAMP WITH TIME ZONE',
    postgres: 'timestamp with time zone',
    values: [
      ["'2026-11-23 05:06:07.891234+02'", '2026-11-23 03:06:07.891234+00'],
      ["'infinity'", 'infinity'],
      ["'-infinity'", '-infinity'],
      ["'0044-03-15 (BC) 12:00:00+00'", '0044-03-15 12:00:00+00 BC'],
    ],
  },
  {
    type: 'INTERVAL',
    postgres: 'interval',
    values: [
      ["INTERVAL '1 year 2 months 3 days 04:05:06.789'", '1 year 2 mons 3 days 04:05:06.789'],
      ["INTERVAL '-1 month' + INTERVAL '1 day' + INTERVAL '-1 second'", '-1 mons +1 day -00:00:01'],
      ["INTERVAL '0 days'", '00:00:00'],
      ["INTERVAL '100 hours'", '100:00:00'],
    ],
  },
  {
    type: 'JSON',
    postgres: 'jsonb',
    values: [
      [`'{"a": [1, null, "x\\ny"], "b": {}}'`, '{"a": [1, null, "x\\ny"], "b": {}}'],
      ["'null'", 'null'],
      [`'"text"'`, '"text"'],
    ],
  },
  {
    type: 'INTEGER[]',
    postgres: 'jsonb',
    values: [
      ['[1, NULL, 3]', '[1, null, 3]'],
      ['[]', '[]'],
    ],
  },
  { type: 'INTEGER[2]', postgres: 'jsonb', values: [['[1, 2]', '[1, 2]']] },
  {
    type: 'STRUCT(a INTEGER, "b c" VARCHAR[])',
    postgres: 'jsonb',
    values: [[`{'a': 1, 'b c': ['x' || chr(9) || '"\\', NULL]}`, '{"a": 1, "b c": ["x\\t\\"\\\\", null]}']],
  },
  {
    type: 'MAP(VARCHAR, DOUBLE)',
    postgres: 'jsonb',
    values: [
      ["MAP {'k': 1.5}", '{"k": 1.5}'],
      ['MAP {}', '{}'],
    ],
  },
];
