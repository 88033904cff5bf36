import { nextSlot, type Tally, takeTally } from '../../shared/engine/tally.js';
import type { EngineSession } from '../../shared/engine/port.js';
import { SluiceError } from '../../shared/errors.js';
import type { Column } from '../../shared/schema/columns.js';
import { contentRowsSql } from './sql.js';
import type { WrittenArtifact } from './write.js';

/** What a batch's rows are, in any order: the sum of a 64-bit hash of each row over the dataset's columns. */
export interface ContentSum {
  /** Hex. */
  readonly hash: string;
  /** The DuckDB whose hash it is, such as v1.5.6: another one may give other hashes. */
  readonly engine: string;
}

/** Follows the rows from the readers to the artifacts. */
export interface ContentWatch {
  readonly slot: number;
  /** The object of each number that the tally counts under. */
  readonly objects: string[];
}

/** Begins to watch one attempt at writing a batch. */
export function watchContent(): ContentWatch {
  return { slot: nextSlot(), objects: [] };
}

interface CompareRequest {
  readonly session: EngineSession;
  readonly watch: ContentWatch;
  readonly artifacts: readonly WrittenArtifact[];
  readonly columns: readonly Column[];
  /** Rows and hash of each object in the artifacts; absent where rows do not tell their object. */
  readonly found?: ReadonlyMap<string, Tally>;
  readonly signal?: AbortSignal;
}

/**
 * Compares what passed by between the readers and the writer with what the artifacts hold when they are read back, object
 * by object where rows tell theirs. Errors: CONTENT_MISMATCH.
 */
export async function compareContent({
  session,
  watch,
  artifacts,
  columns,
  found,
  signal,
}: CompareRequest): Promise<ContentSum> {
  const { engine, tallies } = await takeTally(session, watch.slot, signal);
  const read = [...tallies].map(([number, tally]) => ({ object: watch.objects[number] ?? '', ...tally }));
  const total = addUp(read);
  const written =
    found === undefined ? await readBack(session, { artifacts, columns, signal }) : addUp([...found.values()]);
  const other = found === undefined ? undefined : read.find((one) => !isSame(one, found.get(one.object)));
  if (isSame(total, written) && other === undefined) return { hash: total.sum.toString(16), engine };
  throw new SluiceError(
    'CONTENT_MISMATCH',
    `expected ${total.rows} rows in the artifacts with the values that were read, got ${written.rows} rows${other === undefined ? '' : `; first object that differs: ${other.object}`}`,
    {
      facts: {
        rowsRead: total.rows,
        rowsWritten: written.rows,
        ...(other === undefined ? {} : { object: other.object }),
      },
    },
  );
}

async function readBack(
  session: EngineSession,
  { artifacts, columns, signal }: Pick<CompareRequest, 'artifacts' | 'columns'> & { signal: AbortSignal | undefined },
): Promise<Tally> {
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
