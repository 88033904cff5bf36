import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { to as copyTo } from 'pg-copy-streams';
import { WRITE_MODES } from '../../src/shared/warehouses/port.js';
import { cached } from '../data/cache.js';
import { eventsFile, withDuckDb } from '../data/events.js';
import { notRun, rate, ratioResult } from '../harness/result.js';
import { runPairs } from '../harness/runPairs.js';
import { runSide } from '../harness/runSide.js';
import type { Args } from '../harness/side.js';
import { openBenchServices } from '../services.js';
import { BATCH, copiedColumns, hasPsql, withClient } from '../sides/postgres.js';
import type { Suite } from '../suite.js';

const ROWS_OF_OBJECT = 2000;

/** One load of a million rows of 20 columns (23 in the table) over \copy of ready files of the very same rows. */
export const postgresSuite: Suite = async (bench) => {
  const rows = bench.quick ? 20_000 : 1_000_000 * bench.part;
  const folder = await loadFiles(rows);
  const services = await openBenchServices(bench.scratch);
  const parts = { artifact: join(folder, 'artifact.parquet'), rows, scratch: join(bench.scratch, 'engine') };
  const side =
    (title: string, name: string, more: Args = {}) =>
    async () => ({
      title,
      module: 'postgres',
      name,
      counted: [services.postgresPid],
      args: { ...parts, ...more, url: await services.freshDatabase() },
    });
  try {
    const a = side('Sluice append', 'append');
    const tool = hasPsql() ? 'psql \\copy' : 'COPY by Node (no psql here)';
    const csv = side(`${tool} of CSV`, 'copyFile', { readyFile: join(folder, 'rows.csv'), fileFormat: 'csv' });
    bench.add(ratioResult('postgres/append-over-copy-csv', await runPairs({ a, b: csv }, bench), rate));
    const readyFile = join(bench.scratch, 'rows.bin');
    await writeBinary(await a(), readyFile);
    const binary = side(`${tool} of binary`, 'copyFile', { readyFile, fileFormat: 'binary' });
    bench.add(ratioResult('postgres/append-over-copy-binary', await runPairs({ a, b: binary }, bench), rate));
    const modes: readonly string[] = WRITE_MODES;
    if (!modes.includes('upsert')) bench.add(notRun('postgres/upsert-over-append', 'this version has no upsert'));
  } finally {
    await services.close();
  }
};

/** The artifact with its provenance, and the same rows as CSV. */
async function loadFiles(rows: number): Promise<string> {
  const events = await eventsFile(rows);
  return cached(`postgres-1-${rows}`, (draft) =>
    withDuckDb(async (run) => {
      const place = `(event_seq - 1000000000)`;
      await run(`COPY (SELECT *, md5((${place} // ${ROWS_OF_OBJECT})::VARCHAR)::UUID AS _sluice_object,
          (${place} % ${ROWS_OF_OBJECT})::BIGINT AS _sluice_row FROM read_parquet('${events}'))
        TO '${join(draft, 'artifact.parquet')}' (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)`);
      await run(`COPY (SELECT * EXCLUDE (_sluice_object, _sluice_row), '${BATCH}' AS _sluice_batch, _sluice_object, _sluice_row
          FROM read_parquet('${join(draft, 'artifact.parquet')}'))
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
