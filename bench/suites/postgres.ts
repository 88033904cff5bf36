import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { to as copyTo } from 'pg-copy-streams';
import { cached } from '../data/cache.js';
import { eventsFile, withDuckDb } from '../data/events.js';
import { rate, ratioResult, rss, valueResult } from '../harness/result.js';
import { runPairs } from '../harness/runPairs.js';
import { runSide } from '../harness/runSide.js';
import type { Args } from '../harness/side.js';
import { openBenchServices } from '../services.js';
import { BATCH, copiedColumns, hasPsql, withClient } from '../sides/postgres.js';
import type { Suite } from '../suite.js';

const ROWS_OF_OBJECT = 2000;

/**
 * One load of a million rows of 20 columns (23 in the table) over \copy of ready files of the very same rows; the same for types that cost
 * the most; and an upsert of the same rows over an append.
 */
export const postgresSuite: Suite = async (bench) => {
  const rows = bench.quick ? 20_000 : 1_000_000 * bench.part;
  const services = await openBenchServices(bench.scratch);
  const sides = (folder: string) => {
    const parts = { artifact: join(folder, 'artifact.parquet'), rows, scratch: join(bench.scratch, 'engine') };
    return (title: string, name: string, more: Args = {}) =>
      async () => ({
        title,
        module: 'postgres',
        name,
        counted: [services.postgresPid],
        args: { ...parts, ...more, url: await services.freshDatabase() },
      });
  };
  const tool = hasPsql() ? 'psql \\copy' : 'COPY by Node (no psql here)';
  try {
    const folder = await loadFiles(rows, 'plain');
    const side = sides(folder);
    const a = side('Sluice append', 'append');
    const csv = side(`${tool} of CSV`, 'copyFile', { readyFile: join(folder, 'rows.csv'), fileFormat: 'csv' });
    const appends = await runPairs({ a, b: csv }, bench);
    bench.add(ratioResult('postgres/append-over-copy-csv', appends, rate));
    const memory = appends.pairs.map((pair) => rss(pair.a) / 1e6);
    bench.add(valueResult('postgres/append-memory', Math.max(...memory), memory));
    const readyFile = join(bench.scratch, 'rows.bin');
    await writeBinary(await a(), readyFile);
    const binary = side(`${tool} of binary`, 'copyFile', { readyFile, fileFormat: 'binary' });
    bench.add(ratioResult('postgres/append-over-copy-binary', await runPairs({ a, b: binary }, bench), rate));
    const upsert = side('Sluice upsert', 'upsert');
    const upserts = await runPairs({ a: upsert, b: a, differ: () => undefined }, bench);
    bench.add(ratioResult('postgres/upsert-over-append', upserts, rate));
    const worst = await loadFiles(rows, 'worst');
    const mixed = sides(worst);
    const worstCsv = { readyFile: join(worst, 'rows.csv'), fileFormat: 'csv' };
    const mixes = await runPairs(
      { a: mixed('Sluice append', 'append'), b: mixed(`${tool} of CSV`, 'copyFile', worstCsv) },
      bench,
    );
    bench.add(ratioResult('postgres/append-over-copy-csv-worst-mix', mixes, rate));
  } finally {
    await services.close();
  }
};

/** The columns of the artifact, and how CSV writes them. */
const MIXES = {
  plain: { columns: '*', csv: '*' },
  worst: {
    columns: `event_id, event_seq::HUGEINT * 1000000007 AS big, amount::DECIMAL(38,10) AS amount, price::DECIMAL(38,19) AS price,
      {'user': user_id, 'path': url, 'tags': [country, event_type]} AS visit, [tenant_id, quantity::INTEGER] AS numbers,
      encode(user_agent) AS agent, (ts - TIMESTAMPTZ '2025-01-01') AS since, notes, is_mobile::INTEGER::BIT AS flags`,
    csv: `* REPLACE (to_json(visit)::VARCHAR AS visit, to_json(numbers)::VARCHAR AS numbers, '\\x' || lower(hex(agent)) AS agent)`,
  },
} as const;

/** The artifact with its provenance, and the same rows as CSV. */
async function loadFiles(rows: number, mix: keyof typeof MIXES): Promise<string> {
  const events = await eventsFile(rows);
  const { columns, csv } = MIXES[mix];
  return cached(`postgres-2-${mix}-${rows}`, (draft) =>
    withDuckDb(async (run) => {
      const place = `(event_seq - 1000000000)`;
      await run(`COPY (SELECT ${columns}, md5((${place} // ${ROWS_OF_OBJECT})::VARCHAR)::UUID AS _sluice_object,
          (${place} % ${ROWS_OF_OBJECT})::BIGINT AS _sluice_row FROM read_parquet('${events}'))
        TO '${join(draft, 'artifact.parquet')}' (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)`);
      await run(`COPY (SELECT * EXCLUDE (_sluice_object, _sluice_row), '${BATCH}' AS _sluice_batch, _sluice_object, _sluice_row
          FROM (SELECT ${csv} FROM read_parquet('${join(draft, 'artifact.parquet')}')))
        TO '${join(draft, 'rows.csv')}' (FORMAT csv, HEADER false)`);
    }),
  );
}

/** Loads once and lets Postgres write its own binary format. */
async function writeBinary(spec: Parameters<typeof runSide>[0], file: string): Promise<void> {
  await runSide(spec);
  const url = String(spec.args?.['url']);
  const sql = `COPY events (${await copiedColumns(url)}) TO STDOUT (FORMAT binary)`;
  await withClient(url, (client) => pipeline(client.query(copyTo(sql)), createWriteStream(file)));
}
