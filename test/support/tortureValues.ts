/** One column of the torture table: a type of DuckDB, what Postgres makes of it, and texts that both read as values of it. */
export interface TortureColumn {
  readonly type: string;
  readonly postgres: string;
  readonly texts: readonly string[];
}

/** Values a column has. */
export const TORTURE_ROWS = 64;

const range = (n: number) => Array.from({ length: n }, (_, index) => index);

/** Numbers below n, always the same ones. */
const spread = (index: number, n: bigint) => (BigInt(index + 1) * 0x9e3779b97f4a7c15n * 0xbf58476d1ce4e5b9n) % n;

/** The edges first, then as many made ones as are lacking. */
const fill = (edges: readonly string[], make: (index: number) => string) => [
  ...edges,
  ...range(TORTURE_ROWS - edges.length).map(make),
];

const integers = (least: bigint, greatest: bigint) =>
  fill([`${least}`, `${greatest}`, `${least + 1n}`, `${greatest - 1n}`, '0', '1'], (index) =>
    String(least + spread(index, greatest - least)),
  );

function decimals(digits: number, scale: number): readonly string[] {
  const limit = 10n ** BigInt(digits);
  const point = (value: bigint) => {
    const text = value.toString().padStart(scale + 1, '0');
    return scale === 0 ? text : `${text.slice(0, -scale)}.${text.slice(-scale)}`;
  };
  const edges = [point(limit - 1n), `-${point(limit - 1n)}`, point(0n), point(1n), `-${point(1n)}`];
  return fill(edges, (index) => `${index % 2 === 0 ? '-' : ''}${point(spread(index, limit))}`);
}

const FLOATS = ['NaN', 'Infinity', '-Infinity', '0', '-0', '1', '-1', '0.1', '1e-5', '123456'];
const floats = fill([...FLOATS, '3.4028235e38', '1.17549435e-38', '16777216'], (index) => `${spread(index, 2n ** 24n)}e-${index % 20}`); // prettier-ignore
const doubles = fill(
  [...FLOATS, '1.7976931348623157e308', '2.2250738585072014e-308', '9007199254740993', '0.30000000000000004'],
  (index) => `${spread(index, 2n ** 53n)}e${(index % 100) - 50}`,
);

const TEXTS = ['', ' ', '\\', '\\N', '\\.', '\\\\n', '\n', '\r', '\r\n', '\t', '"', "'", '""', ',', ';', '|', 'NULL', 'null', '\\x00', '\b\f\v', '\u0001', '\u007f', '\u0085', '\u00a0', '\u2028', '\ufeff', 'ż', 'ß', '中文', '🎉', '👩\u200d👩\u200d👧', 'e\u0301', '\u{10ffff}', '{}', '[]', '$1', '%s', '--', '/* */', 'a\tb\nc\\d"e\'f', 'x'.repeat(12), 'x'.repeat(13), 'x'.repeat(70_000)]; // prettier-ignore
const texts = fill(TEXTS, (index) => `text ${spread(index, 2n ** 60n)} \\ ${'ż'.repeat(index)}`);

const hex = (index: number, bytes: number) =>
  range(bytes)
    .map((byte) =>
      spread(index * 31 + byte, 256n)
        .toString(16)
        .padStart(2, '0'),
    )
    .join('');
const uuid = (text: string) => [text.slice(0, 8), text.slice(8, 12), text.slice(12, 16), text.slice(16, 20), text.slice(20)].join('-'); // prettier-ignore

const two = (n: number) => String(n).padStart(2, '0');
const dayOf = (index: number) => `${1000 + ((index * 137) % 8999)}-${two((index % 12) + 1)}-${two((index % 28) + 1)}`;
const timeOf = (index: number) => `${two(index % 24)}:${two((index * 7) % 60)}:${two((index * 11) % 60)}.${String((index * 15_485_863) % 1_000_000).padStart(6, '0')}`; // prettier-ignore
const DAYS = ['0001-01-01', '1582-10-04', '1582-10-15', '1899-12-31', '1900-02-28', '1969-12-31', '1970-01-01', '1999-12-31', '2000-01-01', '2000-02-29', '2038-01-19', '9999-12-31', 'infinity', '-infinity']; // prettier-ignore
const FAR = ['12345-06-07', '294246-01-01'];
const TIMES = ['00:00:00', '00:00:00.000001', '23:59:59.999999', '12:00:00', '24:00:00'];
const moments = (zone: string) => [
  ...DAYS.slice(0, 12).map((day) => `${day} 23:59:59.999999${zone}`),
  'infinity',
  '-infinity',
  ...FAR.map((day) => `${day} 00:00:00${zone}`),
];

const JSONS = ['null', 'true', '0', '-1.5', '""', '"a\\nb"', '[]', '{}', '[1,null,"x"]', '{"a": {"b": [1, 2]}}', '"\\u00e9"', '1e2', '"\\\\"', '12345678901234567890123456789']; // prettier-ignore

/** At least 30 types, 64 values each. */
export const TORTURE: readonly TortureColumn[] = [
  { type: 'BOOLEAN', postgres: 'boolean', texts: fill(['true', 'false'], (index) => String(index % 3 === 0)) },
  { type: 'TINYINT', postgres: 'smallint', texts: integers(-128n, 127n) },
  { type: 'UTINYINT', postgres: 'smallint', texts: integers(0n, 255n) },
  { type: 'SMALLINT', postgres: 'smallint', texts: integers(-(2n ** 15n), 2n ** 15n - 1n) },
  { type: 'USMALLINT', postgres: 'integer', texts: integers(0n, 2n ** 16n - 1n) },
  { type: 'INTEGER', postgres: 'integer', texts: integers(-(2n ** 31n), 2n ** 31n - 1n) },
  { type: 'UINTEGER', postgres: 'bigint', texts: integers(0n, 2n ** 32n - 1n) },
  { type: 'BIGINT', postgres: 'bigint', texts: integers(-(2n ** 63n), 2n ** 63n - 1n) },
  { type: 'UBIGINT', postgres: 'numeric(20,0)', texts: integers(0n, 2n ** 64n - 1n) },
  { type: 'HUGEINT', postgres: 'numeric(39,0)', texts: integers(-(2n ** 127n), 2n ** 127n - 1n) },
  { type: 'UHUGEINT', postgres: 'numeric(39,0)', texts: integers(0n, 2n ** 128n - 1n) },
  { type: 'FLOAT', postgres: 'real', texts: floats },
  { type: 'DOUBLE', postgres: 'double precision', texts: doubles },
  ...(
    [
      [1, 0],
      [3, 3],
      [4, 2],
      [9, 4],
      [10, 2],
      [18, 0],
      [18, 9],
      [19, 1],
      [38, 0],
      [38, 19],
      [38, 38],
    ] as const
  ).map(([digits, scale]) => ({
    type: `DECIMAL(${digits},${scale})`,
    postgres: `numeric(${digits},${scale})`,
    texts: decimals(digits, scale),
  })),
  { type: 'VARCHAR', postgres: 'text', texts },
  { type: 'UUID', postgres: 'uuid', texts: fill([uuid('0'.repeat(32)), uuid('f'.repeat(32)), uuid('8'.padEnd(32, '0'))], (index) => uuid(hex(index, 16))) }, // prettier-ignore
  { type: 'BLOB', postgres: 'bytea', texts: fill(['', '00', 'ff', '5c', '5c78', '0a0d09'], (index) => hex(index, index)).map((text) => `\\x${text}`) }, // prettier-ignore
  { type: 'DATE', postgres: 'date', texts: fill([...DAYS, ...FAR], dayOf) },
  { type: 'TIME', postgres: 'time without time zone', texts: fill(TIMES, timeOf) },
  { type: 'TIME WITH TIME ZONE', postgres: 'time with time zone', texts: fill(TIMES.slice(0, 4).map((time) => `${time}+00`), (index) => `${timeOf(index)}${index % 2 === 0 ? '+' : '-'}${two(index % 15)}:${index % 3 === 0 ? '30' : '00'}`) }, // prettier-ignore
  { type: 'TIMESTAMP', postgres: 'timestamp without time zone', texts: fill(moments(''), (index) => `${dayOf(index)} ${timeOf(index)}`) }, // prettier-ignore
  { type: 'TIMESTAMP WITH TIME ZONE', postgres: 'timestamp with time zone', texts: fill(moments('+00'), (index) => `${dayOf(index)} ${timeOf(index)}+00`) }, // prettier-ignore
  { type: 'INTERVAL', postgres: 'interval', texts: fill(['0 days', '1 month', '-1 month', '1 day', '-1 day', '1 microsecond', '100 years', '1 month -1 day 1 microsecond'], (index) => `${(index % 25) - 12} months ${index * 3 - 90} days ${index * 1_000_003} microseconds`) }, // prettier-ignore
  { type: 'JSON', postgres: 'jsonb', texts: fill(JSONS, (index) => JSON.stringify({ id: index, text: TEXTS[index % 12], deep: [{ index }] })) }, // prettier-ignore
  { type: 'BIT', postgres: 'bit varying', texts: fill(['0', '1', '10101010', '111111111'], (index) => spread(index, 2n ** 60n).toString(2)) }, // prettier-ignore
];
