import { mkdtemp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEngine } from '../../../src/shared/engine/open.js';
import type { EngineRow, EngineSession } from '../../../src/shared/engine/port.js';
import {
  type CompactFilesRequest,
  type CompactFilesResult,
  type EngineRevival,
  compactFiles,
} from '../../../src/workers/compact/compactFiles.js';

export type File = readonly [name: string, content: string | Uint8Array];

/** A place to compact files in: an engine session with a scratch folder of its own. */
export interface Bench {
  readonly session: EngineSession;
  readonly scratch: string;
  compact(files: readonly File[], options?: Partial<CompactFilesRequest & EngineRevival>): Promise<Compacted>;
  close(): Promise<void>;
}

export interface Compacted extends CompactFilesResult {
  /** By file name: its rows, or code and reason. */
  readonly byName: Readonly<Record<string, string>>;
  /** All rows of the artifacts, ordered by every column. */
  rowsOut(columns?: string): Promise<readonly EngineRow[]>;
}

export async function openBench(memoryLimit = '500MB'): Promise<Bench> {
  const engine = openEngine({ maxChildren: 1 });
  const scratch = await mkdtemp(join(tmpdir(), 'compact-'));
  const session = await engine.open({ scratch, memoryLimit });
  let calls = 0;
  return {
    session,
    scratch,
    compact: async (files, options = {}) => {
      const folder = join(scratch, `in-${++calls}`);
      await mkdir(folder);
      const inputs = await Promise.all(
        files.map(async ([name, content], index) => {
          const file = join(folder, `${index}-${name.replaceAll('/', '_')}`);
          await writeFile(file, content);
          return { object: idOf(index), name, file };
        }),
      );
      const result = await compactFiles({
        session,
        scratch,
        inputs,
        outDir: join(scratch, `out-${calls}`),
        format: 'auto',
        evolution: 'widen',
        compression: 'zstd',
        pages: 'v2',
        sort: [],
        targetBytes: 256e6,
        provenance: true,
        ...options,
      });
      const byName = Object.fromEntries(
        result.objects.map((object, index) => [
          files[index]?.[0] ?? '',
          object.kind === 'included' ? `${object.rows} rows` : `${object.code}: ${object.reason}`,
        ]),
      );
      const rowsOut = async (columns = '* EXCLUDE (_sluice_object, _sluice_row)') => {
        if (result.artifacts.length === 0) return [];
        const paths = result.artifacts.map(({ path }) => `'${path}'`).join(', ');
        return session.query(`SELECT ${columns} FROM read_parquet([${paths}]) ORDER BY ALL`);
      };
      return { ...result, byName, rowsOut };
    },
    close: async () => {
      await session.close();
      await engine.close();
      await rm(scratch, { recursive: true });
    },
  };
}

/** A Parquet file of the rows of a SELECT. */
export async function makeParquet(bench: Bench, sql: string): Promise<Buffer> {
  const path = join(bench.scratch, `made-${Math.random()}.parquet`);
  await bench.session.run(`COPY (${sql}) TO '${path}' (FORMAT parquet)`);
  return readFile(path);
}

export const DELAYS = [
  { name: 'flight', type: 'VARCHAR' },
  { name: 'delay', type: 'BIGINT' },
];

export function idOf(index: number): string {
  return `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`;
}
