import type { EngineSession } from '../../shared/engine/port.js';
import { SluiceError } from '../../shared/errors.js';
import { planReads } from './plan.js';
import type { Source, TargetColumn } from './sources.js';
import { contentRowsSql, readContentSql } from './sql.js';
import type { WrittenArtifact } from './write.js';

/** What a batch's rows are, in any order: the sum of a 64-bit hash of each row over the dataset's columns. */
export interface ContentSum {
  /** Hex. */
  readonly hash: string;
  /** The DuckDB whose hash it is, such as v1.5.6: another one may give other hashes. */
  readonly engine: string;
}

/** Rows, and the sum of their hashes, which no order of the rows changes. */
export interface Tally {
  readonly rows: number;
  readonly sum: bigint;
}

interface CompareRequest {
  readonly session: EngineSession;
  readonly sources: readonly Source[];
  readonly artifacts: readonly WrittenArtifact[];
  readonly columns: readonly TargetColumn[];
  /** Rows and hash of each object in the artifacts; absent where rows do not tell their object. */
  readonly found?: ReadonlyMap<string, Tally>;
  readonly signal?: AbortSignal;
}

/**
 * Reads the sources once more, by a statement that writes nothing, and compares the sum of their rows' hashes with what the artifacts hold
 * when they are read back, object by object where rows tell theirs. Errors: CONTENT_MISMATCH.
 */
export async function compareContent(request: CompareRequest): Promise<ContentSum> {
  const { session, found, signal } = request;
  const read = await readContent(request);
  const total = addUp([...read.values()]);
  const written = found === undefined ? await readBack(request) : addUp([...found.values()]);
  const other = found && [...read].find(([object, tally]) => !isSame(tally, found.get(object)))?.[0];
  if (isSame(total, written) && other === undefined) {
    const [version] = await session.query('SELECT version() AS engine', signal);
    return { hash: total.sum.toString(16), engine: String(version?.engine) };
  }
  const place = other === undefined ? '' : `; first object that differs: ${other}`;
  throw new SluiceError(
    'CONTENT_MISMATCH',
    `expected ${total.rows} rows in the artifacts with the values that were read, got ${written.rows} rows${place}`,
    {
      facts: { rowsRead: total.rows, rowsWritten: written.rows, ...(other === undefined ? {} : { object: other }) },
    },
  );
}

/** Rows of each source, and the sum of their hashes. Errors: ENGINE_QUERY for what cannot be read or does not fit its column. */
export async function readContent({
  session,
  sources,
  columns,
  signal,
}: Omit<CompareRequest, 'artifacts' | 'found'>): Promise<ReadonlyMap<string, Tally>> {
  const tallies = new Map<string, Tally>();
  for (const read of planReads(sources, 1)) {
    for (const { file, rows, content } of await session.query(readContentSql(read, columns), signal)) {
      const object = read.sources[Number(file)]?.object;
      if (object !== undefined) tallies.set(object, { rows: Number(rows), sum: BigInt(String(content)) });
    }
  }
  return tallies;
}

async function readBack({ session, artifacts, columns, signal }: CompareRequest): Promise<Tally> {
  if (artifacts.length === 0) return { rows: 0, sum: 0n };
  const paths = artifacts.map(({ path }) => path);
  const [row] = await session.query(contentRowsSql(paths, columns), signal);
  return { rows: Number(row?.rows), sum: BigInt(String(row?.content)) };
}

function addUp(tallies: readonly Tally[]): Tally {
  return {
    rows: tallies.reduce((sum, { rows }) => sum + rows, 0),
    sum: tallies.reduce((sum, tally) => sum + tally.sum, 0n),
  };
}

function isSame(read: Tally, written: Tally | undefined): boolean {
  return read.rows === (written?.rows ?? 0) && read.sum === (written?.sum ?? 0n);
}
