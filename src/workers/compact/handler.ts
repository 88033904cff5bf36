import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isSluiceError, toSluiceError } from '../../shared/errors.js';
import { planJob } from '../../shared/jobs/catalogue.js';
import type { Manifest, ManifestObject } from '../../shared/ledger/manifest.js';
import type { StepDispatch } from '../../shared/ledger/port.js';
import { objectUri } from '../../shared/ledger/text.js';
import { datasetOf, type WorkerContext } from '../context.js';
import { awaitReferences } from '../awaitReferences.js';
import { openReferencedValues } from '../referencedValues.js';
import type { StepWork } from '../runSteps.js';
import { accountObjects } from './accountObjects.js';
import { asItIsNow, joinCarried, keepCarried, type PartedReport, partReport, replaceGone } from './carried.js';
import type { CompactFilesResult } from './compactFiles.js';
import { type CompactInputs, compactUnderSchema } from './compactUnderSchema.js';
import { fetchObjects } from './fetchObjects.js';
import { lookAgain } from './lookAgain.js';
import { keepOneVersion } from './keepOneVersion.js';
import { lookAround } from './lookAround.js';
import { setBrokenAside } from './rulesAside.js';
import { putArtifacts, type PutArtifacts, putAside } from './putArtifacts.js';

/** An object that was absent is looked for again after this time. */
const RELEASE_MS = 2000;

/** How often another batch may settle a version or a copy of an object in between. */
const CUSTODY_TRIES = 8;

/**
 * Fetch, look around, validate, compact, put; commit point: `ledger.steps.commitCompact`, a compare-and-set on the attempt and on what
 * was seen around the objects: when another batch settled a version or a copy meanwhile, everything after the fetch is done again. Safe
 * to run twice: artifacts carry the attempt in their keys, and only the committed manifest's are ever read.
 */
export async function handleCompact(context: WorkerContext, work: StepWork): Promise<readonly StepDispatch[]> {
  const dataset = datasetOf(context.config, work.claim.dataset);
  await awaitReferences(context, dataset, work);
  const folder = join(work.scratch.folder, 'in');
  await mkdir(folder, { recursive: true });
  openAhead(work);
  const store = context.sourceStore(dataset.name);
  // Rows that are sent again lie in the lake, wherever the dataset's files arrive.
  const storeOf = ({ bucket }: { readonly bucket: string }) => (bucket === store.bucket ? store : context.lake);
  const report = await fetchObjects(storeOf, work.objects.map(asItIsNow), { folder, signal: work.signal });
  for (let tries = 1; ; tries++) {
    try {
      return await compactOnceSeen(context, work, { dataset, report, tries });
    } catch (error) {
      if (!isSluiceError(error, 'CUSTODY_MOVED') || tries === CUSTODY_TRIES) throw error;
      context.logger.debug({ batch: work.claim.batch, tries }, error.message);
    }
  }
}

/** The engine's process starts while the objects come; whoever needs the session meets its error. */
function openAhead({ scratch }: StepWork): void {
  scratch.session().catch(() => {});
}

async function compactOnceSeen(
  context: WorkerContext,
  work: StepWork,
  { dataset, report, tries }: CompactInputs,
): Promise<readonly StepDispatch[]> {
  const parts = partReport(report, work.objects);
  const { objects, custody, result, broken, schemaVersion, inputs } = await compactParts(context, work, {
    dataset,
    parts,
    tries,
  });
  const { fetched } = inputs.report;
  const { artifacts, layout } = await putArtifacts(context, work, { dataset, result, fetched, tries });
  const aside = await putAside(context, work, { dataset, result, tries, broken, objects });
  const manifest = buildManifest(work, { ...inputs, objects, result, artifacts, layout, aside, schemaVersion });
  const releasedUntil = new Date(context.clock.now() + RELEASE_MS);
  const opened = await context.ledger.steps.commitCompact(work.claim, manifest, releasedUntil, custody);
  context.meter?.compacted(manifest, work.objects);
  if (manifest.objects.some(({ kind }) => kind === 'released')) await planReleased(context, work, releasedUntil);
  await lookAgain(context, work, { manifest, custody, gone: parts.gone });
  return opened;
}

interface PartedInputs extends Omit<CompactInputs, 'report'> {
  readonly parts: PartedReport;
}

/** Judges what the batch brings, compacts it together with what it carries, and accounts for all of it. */
async function compactParts(context: WorkerContext, work: StepWork, { dataset, parts, tries }: PartedInputs) {
  const { own } = parts;
  const { signal, objects } = work;
  const seen = await lookAround(context, work, { dataset, fetched: own.fetched });
  const verdicts = await keepOneVersion(context.sourceStore(dataset.name), { verdicts: seen, objects, signal });
  const taken = new Set(verdicts.flatMap(({ kind, custody }) => (kind === 'take' ? [custody.object] : [])));
  const carried = keepCarried(parts.carried, verdicts);
  const fetched = [...own.fetched.filter(({ object }) => taken.has(object)), ...carried];
  const inputs = { dataset, report: { fetched, missing: own.missing }, tries };
  const { result: compacted, schemaVersion } = await compactUnderSchema(context, work, inputs);
  const { result: ruled, broken } = await setBrokenAside({
    session: await work.scratch.session(),
    dataset,
    outDir: join(work.scratch.folder, `ruled-${tries}`),
    result: compacted,
    valuesOf: openReferencedValues(context, work),
    signal,
  });
  const answers = new Map(ruled.objects.map((answer) => [answer.object, answer]));
  const account = accountObjects({
    verdicts: replaceGone(verdicts, parts.gone, answers),
    compacted: answers,
    uris: new Map(objects.map(({ object, bucket, key }) => [object, objectUri(bucket, key)])),
    rule: dataset.onDuplicateContent,
  });
  return { ...joinCarried(account, carried, ruled), broken, schemaVersion, inputs };
}

/** Best effort: the reconciler finds released objects too, only later. */
async function planReleased(context: WorkerContext, { claim }: StepWork, at: Date): Promise<void> {
  try {
    const dispatch = await context.ledger.plans.planAgainAt({ dataset: claim.dataset, partition: claim.partition }, at);
    await context.queue.enqueue([planJob(dispatch, { delayMs: at.getTime() - context.clock.now() })]);
  } catch (error) {
    context.logger.warn(
      { batch: claim.batch, error: toSluiceError(error).message },
      'released objects wait for the reconciler',
    );
  }
}

interface ManifestParts extends CompactInputs, PutArtifacts {
  readonly objects: readonly ManifestObject[];
  readonly result: CompactFilesResult;
  readonly schemaVersion: number;
  readonly aside: Manifest['aside'] | undefined;
}

function buildManifest(
  work: StepWork,
  { dataset, report, objects, result, artifacts, layout, aside, schemaVersion }: ManifestParts,
): Manifest {
  const sizes = new Map<string, number>(work.objects.map(({ object, size }) => [object, size]));
  return {
    version: 1,
    batch: work.claim.batch,
    attempt: work.claim.attempt,
    dataset: dataset.name,
    partition: work.claim.partition,
    schemaVersion,
    configHash: dataset.hash,
    columns: result.columns,
    artifacts,
    ...(layout === undefined ? {} : { layout }),
    ...(aside === undefined ? {} : { aside }),
    ...(result.content === undefined ? {} : { content: result.content }),
    objects: [...objects, ...report.missing],
    rows: result.rows,
    bytes: {
      in: report.fetched.reduce((sum, { object }) => sum + (sizes.get(object) ?? 0), 0),
      out: artifacts.reduce((sum, { bytes }) => sum + bytes, 0),
    },
  };
}
