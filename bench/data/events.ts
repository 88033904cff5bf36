import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { cached } from './cache.js';

/** How much data: `rows` in `files` files. */
export interface DataSize {
  readonly rows: number;
  readonly files: number;
}

/** `plain.parquet`: without the UUID type, which Spark does not read. */
export const FORMATS = ['parquet', 'csv.gz', 'ndjson.gz', 'plain.parquet'] as const;
export type DataFormat = (typeof FORMATS)[number];

/** The i-th of a row's independent numbers in [0, 1); from the row's number alone, so the same on every machine and thread. */
const random = (index: number) => `(hash(i * 16 + ${index}) >> 11) / 9007199254740992.0`;

const WORDS = {
  event:
    "['page_view','click','scroll','add_to_cart','checkout','purchase','refund','login','logout','search','impression','video_play','video_pause','share','like','comment','signup','error','heartbeat','custom']",
  country: "['US','GB','DE','FR','IN','BR','JP','CN','CA','AU','ES','IT','NL','SE','PL','MX','KR','ZA','NG','ID']",
  shelf: "['shoes','shirts','books','garden','toys','music','video','home']",
};

/** Twenty columns of web events: keys, skewed ids, times, texts of few and of many values, decimals, NULLs, quotes in texts. */
const EVENTS = `
SELECT
  md5(i::VARCHAR)::UUID AS event_id,
  (1000000000 + i)::BIGINT AS event_seq,
  TIMESTAMPTZ '2026-01-01 00:00:00+00' + to_microseconds((i * 650000 + (r1 * 5e6)::BIGINT)::BIGINT) AS ts,
  TIMESTAMP '2026-01-01 00:00:00' + to_microseconds((i * 650000 + (r1 * 5e6)::BIGINT + (r2 * 3e7)::BIGINT)::BIGINT) AS received_at,
  DATE '2026-01-01' + floor(i * 0.65 / 86400)::INTEGER AS event_date,
  (1 + floor(1000 * pow(r3, 6)))::INTEGER AS tenant_id,
  (100000 + floor(500000 * pow(r4, 3)))::BIGINT AS user_id,
  substr(md5((floor(i / 7)::BIGINT * 31 + i % 13)::VARCHAR), 1, 16) AS session_id,
  ${WORDS.event}[1 + floor(20 * r5 * r5)::INTEGER] AS event_type,
  CASE WHEN r6 < 0.08 THEN NULL ELSE ${WORDS.country}[1 + floor(20 * r6 * r6)::INTEGER] END AS country,
  '/shop/' || ${WORDS.shelf}[1 + floor(8 * r7)::INTEGER] || '/' || floor(200000 * r7 * r7)::BIGINT
    || CASE WHEN r8 < 0.3 THEN '?utm=' || floor(r8 * 1000)::INTEGER || '&ref=' || floor(r1 * 97)::INTEGER ELSE '' END AS url,
  'Mozilla/5.0 (X' || floor(200 * r8 * r8)::INTEGER || '; rv:' || floor(200 * r8 * r8)::INTEGER || '.0) Gecko/20100101 Firefox/'
    || (60 + floor(50 * r8 * r8))::INTEGER AS user_agent,
  CASE WHEN r9 < 0.3 THEN NULL ELSE round(exp(r9 * 7), 2)::DECIMAL(12,2) END AS amount,
  CASE WHEN r10 < 0.3 THEN NULL ELSE round(r10 * 0.25, 4) END AS tax_rate,
  (r1 * r2 * 10000)::DECIMAL(18,4) AS price,
  (1 + floor(9 * r2 * r2))::SMALLINT AS quantity,
  r3 + r4 - r5 AS score,
  r6 > 0.55 AS is_mobile,
  (floor(r7 * 223) + 1)::INTEGER || '.' || floor(r8 * 255)::INTEGER || '.' || floor(r9 * 255)::INTEGER || '.' || floor(r10 * 255)::INTEGER AS ip,
  CASE WHEN r5 < 0.8 THEN NULL
    ELSE 'note ' || ['alpha','bravo','charlie','delta','echo'][1 + floor(5 * r9)::INTEGER] || ', "'
      || ['golf','hotel','india','juliet'][1 + floor(4 * r10)::INTEGER] || '" ' || md5(r1::VARCHAR) END AS notes
FROM (SELECT i, ${Array.from({ length: 10 }, (_, index) => `${random(index + 1)} AS r${index + 1}`).join(', ')} FROM range(ROWS) t(i))`;

/** One Parquet file (zstd) of `rows` events, as compaction would write it. */
export async function eventsFile(rows: number): Promise<string> {
  const folder = await cached(`events-1-${rows}`, (draft) =>
    withDuckDb(async (run) =>
      run(`COPY (${EVENTS.replace('ROWS', String(rows))}) TO '${join(draft, 'events.parquet')}'
        (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1, DICTIONARY_SIZE_LIMIT 4096)`),
    ),
  );
  return join(folder, 'events.parquet');
}

/** The same events cut into files of a format, in order; answers their paths. */
export async function eventFiles({ rows, files }: DataSize, format: DataFormat): Promise<readonly string[]> {
  const source = await eventsFile(rows);
  const each = Math.ceil(rows / files);
  const folder = await cached(`events-1-${rows}-${files}-${format}`, (draft) =>
    withDuckDb(async (run) => {
      await run(`CREATE TABLE base AS SELECT * FROM read_parquet('${source}') ORDER BY event_seq`);
      for (let file = 0; file < files; file++) {
        const first = 1_000_000_000 + file * each;
        const path = join(draft, `part-${String(file).padStart(5, '0')}.${format}`);
        await run(
          `COPY (SELECT ${format === 'plain.parquet' ? PLAIN : '*'} FROM base WHERE event_seq BETWEEN ${first} AND ${first + each - 1}) TO '${path}' (${COPY_OPTIONS[format]})`,
        );
      }
    }),
  );
  return readdirSync(folder)
    .toSorted()
    .map((name) => join(folder, name));
}

const PLAIN = '* REPLACE (event_id::VARCHAR AS event_id)';

const COPY_OPTIONS: Readonly<Record<DataFormat, string>> = {
  parquet: 'FORMAT parquet, COMPRESSION snappy',
  'plain.parquet': 'FORMAT parquet, COMPRESSION snappy',
  'csv.gz': 'FORMAT csv, HEADER, COMPRESSION gzip',
  'ndjson.gz': 'FORMAT json, COMPRESSION gzip',
};

/** A Parquet file of a long-tailed key `k` (a quarter as many values as rows, a few of them hot) and two measures. */
export async function keysFile(rows: number): Promise<string> {
  const folder = await cached(`keys-1-${rows}`, (draft) =>
    withDuckDb(async (run) =>
      run(`COPY (SELECT CASE WHEN r1 < 0.2 THEN floor(40 * pow(r2, 3))::BIGINT ELSE 1000 + floor(${rows / 4} * r2)::BIGINT END AS k,
          floor(r1 * 1000)::INTEGER AS v, (r2 * 1000)::DECIMAL(12,2) AS amount, r1 AS weight
        FROM (SELECT ${random(1)} AS r1, ${random(2)} AS r2 FROM range(${rows}) t(i)))
        TO '${join(draft, 'keys.parquet')}' (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)`),
    ),
  );
  return join(folder, 'keys.parquet');
}

/** Runs statements on a DuckDB of its own. */
export async function withDuckDb(work: (run: (sql: string) => Promise<void>) => Promise<void>): Promise<void> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '2', memory_limit: '4GB' });
  const connection = await instance.connect();
  try {
    await connection.run("SET timezone = 'UTC'");
    await work(async (sql) => void (await connection.run(sql)));
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}
