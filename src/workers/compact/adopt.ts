import type { Config, Dataset } from '../../shared/config/config.js';
import type { EngineSession } from '../../shared/engine/port.js';
import { isSluiceError } from '../../shared/errors.js';
import type { Column } from '../../shared/schema/columns.js';
import { type ContentSum, readContent } from './content.js';
import { shadowsReader } from './plan.js';
import type { CompactInput, Source, TargetColumn } from './sources.js';
import { OVERSIZE, type WrittenArtifact } from './write.js';

/** Why a lone file of the dataset is written anew whatever it is like; undefined: a sound Parquet file is left as it is. Pure. */
export function whyRewritten(dataset: Dataset, targets: Config['targets']): string | undefined {
  const { compact, transform, skew, originals, load, columns, checks } = dataset;
  const rules = [...checks, ...Object.values(columns).flatMap((column) => column.checks)];
  if (!compact.adopt) return 'compact.adopt is false';
  if (transform !== undefined) return 'the dataset has a transform';
  if (compact.sort.length > 0) return 'the dataset is sorted';
  if (skew.action !== 'advise') return `skew.action is ${skew.action}`;
  if (rules.some((check) => typeof check !== 'string' && check.onFail === 'quarantine'))
    return 'a check sets rows aside';
  if (originals.after !== 'keep') return `originals.after is ${originals.after}`;
  if (load.length === 0) return 'the dataset has no load, so that its artifacts are its result';
  if (load.some(({ mode }) => mode === 'replace')) return 'under mode replace files are written again in their place';
  const other = load.find(({ target }) => targets[target]?.type !== 'postgres');
  return other === undefined ? undefined : `the target ${other.target} reads provenance from the file itself`;
}

interface AdoptRequest {
  readonly session: EngineSession;
  readonly inputs: readonly CompactInput[];
  readonly schema?: readonly Column[];
  readonly targetBytes: number;
  readonly adopt?: boolean;
  readonly signal?: AbortSignal;
}

interface Adopted {
  readonly kind: 'written';
  readonly artifacts: readonly WrittenArtifact[];
  readonly content: ContentSum;
}

/**
 * Takes the one file of a batch as its artifact, after each of its values was read and hashed. Undefined: it is to be written anew,
 * because it is not alone, not Parquet, too large, has other columns than the schema, or cannot be read whole (writing finds where).
 */
export async function adoptFile(
  sources: readonly Source[],
  columns: readonly TargetColumn[],
  { session, inputs, schema = columns, targetBytes, adopt = false, signal }: AdoptRequest,
): Promise<Adopted | undefined> {
  const [source] = sources;
  const isLone = adopt && inputs.length === 1 && source !== undefined && source.file === inputs[0]?.file;
  if (!isLone || inputs[0]?.isOurs === true || !isPlain(source)) return undefined;
  const { object, file: path, bytes, rows = 0 } = source;
  if (rows === 0 || bytes > targetBytes * OVERSIZE) return undefined;
  if (!isSame(schema, columns) || !isSame(source.columns, columns)) return undefined;
  const read = { session, sources, columns, ...(signal === undefined ? {} : { signal }) };
  const found = await readContent(read).catch((error: unknown) => {
    if (isSluiceError(error, 'ENGINE_QUERY')) return new Map<string, never>();
    throw error;
  });
  const tally = found.get(object);
  if (tally?.rows !== rows) return undefined;
  const [version] = await session.query('SELECT version() AS engine', signal);
  const content = { hash: tally.sum.toString(16), engine: String(version?.['engine']) };
  return { kind: 'written', artifacts: [{ path, rows, bytes, isAdopted: true }], content };
}

/** Nothing is added to its rows, changed in them or left out of them when they are read. */
function isPlain(source: Source): boolean {
  const { format, partition = [], int96 = [], aside } = source;
  return format === 'parquet' && partition.length + int96.length === 0 && aside === undefined && !shadowsReader(source);
}

function isSame(columns: readonly { readonly name: string; readonly type?: string }[], wanted: readonly Column[]) {
  return (
    columns.length === wanted.length &&
    columns.every(({ name, type }, at) => name === wanted[at]?.name && type === wanted[at]?.type)
  );
}
