import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { BadRowRule, VerifyLevel, FileFormat, TextEncoding, PageVersion } from '../../shared/config/dataset.js';
import type { EngineSession } from '../../shared/engine/port.js';
import { SluiceError, isSluiceError, type ErrorCode } from '../../shared/errors.js';
import type { Column } from '../../shared/schema/columns.js';
import type { ColumnChange } from '../../shared/schema/merge.js';
import { adoptFile } from './adopt.js';
import { compareContent, type ContentSum } from './content.js';
import { convertAvro } from './avro/convertAvro.js';
import { describeChange } from './diagnose.js';
import { addPartitions } from './hive.js';
import { quoteDecimals } from './exactDecimals.js';
import { inspectInputs } from './inspect.js';
import type { AsideRow, PartedSources } from './asideRows.js';
import { observeRows } from './observeRows.js';
import { compareNulls } from './nulls.js';
import { planSlices, pruneColumns } from './plan.js';
import { prepareWrite } from './prepareWrite.js';
import { refuseNames } from './refuseRows.js';
import { repair, recount } from './repair.js';
import { resolveSchema } from './resolveSchema.js';
import { type CompactInput, type Refusal, type Source, type TargetColumn, isRefusal } from './sources.js';
import { runWide } from './wide.js';
import { type WrittenArtifact, countMismatch, removeArtifacts, verifyRows, writeSlice } from './write.js';

export interface CompactFilesRequest {
  readonly session: EngineSession;
  /** Folder of the session; plain copies live here while this runs. */
  readonly scratch: string;
  readonly inputs: readonly CompactInput[];
  /** Where artifacts go; a folder that the session may write. Made when missing. */
  readonly outDir: string;
  readonly format: FileFormat;
  /** How text is encoded; default auto: UTF-8, or UTF-16 where its mark says so. */
  readonly encoding?: TextEncoding;
  /** Whether the `name=value` folders of each input's name are columns of its rows. */
  readonly hive?: boolean;
  /** The dataset's columns; absent before its first batch: then they are taken from the inputs. */
  readonly schema?: readonly Column[];
  readonly evolution: 'strict' | 'widen';
  readonly compression: 'zstd' | 'snappy';
  /** Encodings of the artifacts. */
  readonly pages: PageVersion;
  /** Columns to order each artifact by. */
  readonly sort: readonly string[];
  /** Bytes of one artifact, about. */
  readonly targetBytes: number;
  /** Whether rows carry `_sluice_object` and `_sluice_row`. */
  readonly provenance: boolean;
  /** Whether one sound Parquet file that has the schema's columns is left as it is. Default false. */
  readonly adopt?: boolean;
  /** What is compared between what was read and the artifacts read back. Default content. */
  readonly verify?: VerifyLevel;
  /** What is set aside for a bad row of text. Default object. */
  readonly onBadRow?: BadRowRule;
  /** What the artifacts carry in their footers, given whether these files change the schema. Default nothing. */
  readonly stampOf?: (isSchemaChanged: boolean) => string;
  readonly signal?: AbortSignal;
}

/** What became of one input. */
export type CompactedObject =
  /** `rows`: all that it had; of them `quarantined` were taken out, and the transform's WHERE left out `filtered`. */
  | {
      readonly object: string;
      readonly kind: 'included';
      readonly rows: number;
      readonly quarantined?: number;
      readonly filtered?: number;
    }
  | { readonly object: string; readonly kind: 'quarantined'; readonly code: ErrorCode; readonly reason: string };

export interface CompactFilesResult {
  /** Without provenance. */
  readonly columns: readonly Column[];
  /** For people: what these files made of the schema; absent when it stands as it was. */
  readonly schemaChange?: string;
  /** Local Parquet files; none when no input has a row. */
  readonly artifacts: readonly WrittenArtifact[];
  /** One answer for each input, in their order. */
  readonly objects: readonly CompactedObject[];
  /** With those that were taken out, and without. */
  readonly rows: { readonly in: number; readonly out: number };
  /** Rows that were taken out of objects that are included, by object and line. */
  readonly aside: readonly AsideRow[];
  /** The same before writing and read back; absent where only rows were compared, or there are none. */
  readonly content?: ContentSum;
}

/** Each round sets files aside or widens a column; a batch that needs more than this is sick in a way of its own. */
const MAX_ROUNDS = 12;

/** What compactFiles does while the engine lives. */
export async function compactOnce(request: CompactFilesRequest): Promise<CompactFilesResult> {
  const { inputs, outDir, scratch, format, encoding = 'auto', hive = false, schema = [], signal } = request;
  const folder = await mkdtemp(join(scratch, 'plain-'));
  await mkdir(outDir, { recursive: true });
  try {
    const known = schema.map(({ name }) => name);
    const inspected = await inspectInputs(inputs, {
      folder,
      format,
      encoding,
      known,
      keepNuls: request.onBadRow === 'row',
      countNulls: request.verify === 'rows',
      ...(signal === undefined ? {} : { signal }),
    });
    const whole = inspected.filter((answer): answer is Source => !isRefusal(answer));
    const typed = await convertAvro(whole, request);
    const observed = await observeRows(typed.sources, { ...request, folder });
    const reserved = observed.sources.flatMap((source) => refuseNames(source, request));
    const refused = new Set(reserved.map(({ object }) => object));
    const kept = observed.sources.filter(({ object }) => !refused.has(object));
    const sources = hive ? addPartitions(kept, schema) : kept;
    const refusals = [...inspected.filter(isRefusal), ...typed.refusals, ...observed.refusals, ...reserved];
    return await compactSources(
      { sources, refusals, aside: [...typed.aside, ...observed.aside] },
      { ...request, folder },
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A request, and where plain copies of its inputs live. */
type Work = CompactFilesRequest & { readonly folder: string };

async function compactSources(observed: PartedSources, request: Work): Promise<CompactFilesResult> {
  const plan = await resolveSchema(observed.sources, request);
  let { columns, changes, sources } = plan;
  const refusals = [...observed.refusals, ...plan.refusals];
  const aside = [...observed.aside];
  for (let round = 0; round < MAX_ROUNDS; round++) {
    columns = pruneColumns(columns, request.schema ?? [], sources);
    sources = await quoteDecimals(sources, columns, request.folder);
    await prepareWrite(sources, columns, request);
    const attempt = await adoptOrWrite(sources, columns, request);
    if (attempt.kind === 'written') {
      const { artifacts, content } = attempt;
      return describe(request, { columns, changes, sources, refusals, aside, artifacts, content });
    }
    const repaired =
      attempt.kind === 'failed'
        ? await repair(attempt.error, { sources, columns }, request)
        : await recount(attempt, { sources, columns }, request);
    ({ columns, sources } = repaired);
    changes = [...changes, ...repaired.changes];
    refusals.push(...repaired.refusals);
    aside.push(...repaired.aside);
  }
  throw new SluiceError('INTERNAL', `expected the files to be compacted in ${MAX_ROUNDS} rounds, got no end`);
}

type Attempt =
  | { readonly kind: 'written'; readonly artifacts: readonly WrittenArtifact[]; readonly content?: ContentSum }
  | { readonly kind: 'failed'; readonly error: SluiceError }
  | { readonly kind: 'miscounted'; readonly objects: readonly string[]; readonly error: SluiceError };

function adoptOrWrite(
  sources: readonly Source[],
  columns: readonly TargetColumn[],
  request: CompactFilesRequest,
): Promise<Attempt> {
  return runWide(
    request.session,
    columns.length,
    async () => (await adoptFile(sources, columns, request)) ?? (await write(sources, columns, request)),
  );
}

async function write(
  sources: readonly Source[],
  columns: readonly TargetColumn[],
  request: CompactFilesRequest,
): Promise<Attempt> {
  const artifacts: WrittenArtifact[] = [];
  if (columns.length === 0) return { kind: 'written', artifacts };
  const { session, verify = 'content', signal } = request;
  const withContent = verify === 'content';
  const options = { ...request, columns, withContent };
  try {
    for (const [index, slice] of planSlices(sources).entries())
      artifacts.push(...(await writeSlice(slice, index, options)));
  } catch (error) {
    await removeArtifacts(artifacts);
    if (isSluiceError(error, 'ENGINE_QUERY')) return { kind: 'failed', error };
    throw error;
  }
  const { miscounted, found } = await verifyRows(artifacts, sources, options);
  if (miscounted.length > 0) {
    await removeArtifacts(artifacts);
    return { kind: 'miscounted', objects: miscounted, error: countMismatch(sources, artifacts, miscounted) };
  }
  if (artifacts.length === 0) return { kind: 'written', artifacts };
  const compared = { session, sources, artifacts, columns, ...(signal === undefined ? {} : { signal }) };
  const content = withContent
    ? await compareContent(found === undefined ? compared : { ...compared, found })
    : await compareNulls(compared);
  return content === undefined ? { kind: 'written', artifacts } : { kind: 'written', artifacts, content };
}

interface Done {
  readonly columns: readonly TargetColumn[];
  readonly changes: readonly ColumnChange[];
  readonly sources: readonly Source[];
  readonly refusals: readonly Refusal[];
  readonly aside: readonly AsideRow[];
  readonly artifacts: readonly WrittenArtifact[];
  readonly content: ContentSum | undefined;
}

function describe({ inputs, schema }: CompactFilesRequest, done: Done): CompactFilesResult {
  const { columns, changes, sources, refusals, artifacts, content } = done;
  const sourceOf = new Map(sources.map((source) => [source.object, source]));
  const refusalOf = new Map(refusals.map((refusal) => [refusal.object, refusal]));
  const objects = inputs.map(({ object }): CompactedObject => {
    const { code = 'INTERNAL', reason = 'expected an answer for the object, got none' } = refusalOf.get(object) ?? {};
    const source = sourceOf.get(object);
    if (source === undefined) return { object, kind: 'quarantined', code, reason };
    const quarantined = source.aside?.rows ?? 0;
    const rows = (source.rows ?? 0) + quarantined;
    return { object, kind: 'included', rows, ...(quarantined === 0 ? {} : { quarantined }) };
  });
  const aside = done.aside.filter(({ object }) => sourceOf.has(object));
  const isFirst = schema === undefined && columns.length > 0;
  const change = isFirst
    ? 'first schema'
    : changes.map(({ column, from, to }) => describeChange(column, from, to)).join('; ');
  const rows = {
    in: sources.reduce((sum, { rows: count = 0, aside }) => sum + count + (aside?.rows ?? 0), 0),
    out: artifacts.reduce((sum, { rows: count }) => sum + count, 0),
  };
  return {
    columns: columns.map(({ name, type }) => ({ name, type })),
    ...(change === '' ? {} : { schemaChange: change }),
    artifacts,
    objects,
    rows,
    aside: aside.sort((a, b) => a.object.localeCompare(b.object) || a.line - b.line),
    ...(content === undefined ? {} : { content }),
  };
}
