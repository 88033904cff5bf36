import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Dataset } from '../../shared/config/config.js';
import { SluiceError } from '../../shared/errors.js';
import type { SchemaVersion } from '../../shared/ledger/port.js';
import { isReplay } from '../../shared/ledger/replays.js';
import type { WorkerContext } from '../context.js';
import type { StepWork } from '../runSteps.js';
import { whyRewritten } from './adopt.js';
import { compactFiles, type CompactFilesResult } from './compactFiles.js';
import type { FetchReport } from './fetchObjects.js';
import { transformFiles } from './transformFiles.js';

/** How often two batches may race for the dataset's next schema version. */
const SCHEMA_TRIES = 5;

/** What a batch is compacted from. */
export interface CompactInputs {
  readonly dataset: Dataset;
  readonly report: FetchReport;
  /** From 1: which look around this is. */
  readonly tries: number;
}

/**
 * Compacts under the dataset's schema and puts the rows through its transform. A widened schema is added to the ledger first, and a lost
 * race compacts again under the winner's.
 */
export async function compactUnderSchema(
  context: WorkerContext,
  work: StepWork,
  inputs: CompactInputs,
): Promise<{ readonly result: CompactFilesResult; readonly schemaVersion: number }> {
  const { result, schemaVersion } = await compactWithSchema(context, work, inputs);
  return { result: await transformRows(work, { ...inputs, result }), schemaVersion };
}

async function compactWithSchema(context: WorkerContext, work: StepWork, inputs: CompactInputs) {
  const { dataset } = inputs;
  const { read } = context.ledger;
  for (let tries = 0; tries < SCHEMA_TRIES; tries++) {
    const known = await read.schema(dataset.name);
    const outDir = join(work.scratch.folder, `out-${inputs.tries}-${tries}`);
    const result = await compactOnce(context, work, { ...inputs, known, outDir });
    if (result.schemaChange === undefined) return { result, schemaVersion: known?.version ?? 0 };
    const version = (known?.version ?? 0) + 1;
    const added = await read.addSchema(dataset.name, known?.version ?? 0, result.columns, result.schemaChange);
    if (added.version === version && sameColumns(added, result)) return { result, schemaVersion: version };
  }
  throw new SluiceError(
    'LEASE_LOST',
    `the schema of ${dataset.name} changed ${SCHEMA_TRIES} times during one compaction`,
  );
}

async function compactOnce(
  context: WorkerContext,
  work: StepWork,
  { dataset, report, known, outDir }: CompactInputs & { known: SchemaVersion | undefined; outDir: string },
): Promise<CompactFilesResult> {
  await mkdir(outDir, { recursive: true });
  return compactFiles({
    session: await work.scratch.session(),
    reopen: async () => {
      await work.scratch.dropSession();
      return work.scratch.session();
    },
    scratch: work.scratch.folder,
    inputs: report.fetched.map((fetched) => ({ ...fetched, isOurs: isReplay(dataset, fetched.name) })),
    outDir,
    format: dataset.source.format,
    encoding: dataset.source.encoding,
    hive: dataset.partition === 'hive',
    ...(known === undefined ? {} : { schema: known.columns }),
    evolution: dataset.schema.evolution,
    compression: dataset.compact.compression,
    pages: dataset.compact.pages,
    sort: dataset.transform === undefined ? dataset.compact.sort : [],
    verify: dataset.compact.verify,
    targetBytes: dataset.batch.targetBytes,
    provenance: true,
    adopt: work.objects.length === 1 && whyRewritten(dataset, context.config.targets) === undefined,
    stampOf: (isChanged) =>
      JSON.stringify({
        dataset: dataset.name,
        batch: work.claim.batch,
        attempt: work.claim.attempt,
        schemaVersion: (known?.version ?? 0) + (isChanged ? 1 : 0),
      }),
    onBadRow: dataset.onBadRow,
    signal: work.signal,
  });
}

async function transformRows(
  { scratch, signal }: StepWork,
  { dataset, result, tries }: { dataset: Dataset; result: CompactFilesResult; tries: number },
): Promise<CompactFilesResult> {
  const { transform, compact, batch } = dataset;
  if (transform === undefined) return result;
  const { compression, pages, sort } = compact;
  const outDir = join(scratch.folder, `transformed-${tries}`);
  const session = await scratch.session();
  const { targetBytes } = batch;
  return transformFiles({ session, transform, result, compression, pages, sort, targetBytes, outDir, signal });
}

function sameColumns(added: SchemaVersion, result: CompactFilesResult): boolean {
  return JSON.stringify(added.columns) === JSON.stringify(result.columns);
}
