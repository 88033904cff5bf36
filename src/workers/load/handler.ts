import { SluiceError } from '../../shared/errors.js';
import type { Dataset } from '../../shared/config/config.js';
import { type Manifest, manifestHash } from '../../shared/ledger/manifest.js';
import type { BatchObject, BatchRow, StepDispatch } from '../../shared/ledger/port.js';
import type { IndexRequest, LoadRequest, WriteMode } from '../../shared/warehouses/port.js';
import { datasetOf, type WorkerContext } from '../context.js';
import { planPartitions } from '../planPartitions.js';
import type { StepWork } from '../runSteps.js';

/**
 * Loads the judged artifacts into one table. Commit point: the target's own transaction (data, books and fence together);
 * the ledger only notes it afterwards. Safe to run twice: the target's books answer `already`.
 */
export async function handleLoad(
  context: WorkerContext,
  { claim, row, manifest, objects, scratch, signal }: StepWork,
): Promise<readonly StepDispatch[]> {
  if (manifest === undefined)
    throw new SluiceError('INTERNAL', `expected a manifest for batch ${claim.batch}, got none`);
  const dataset = datasetOf(context.config, claim.dataset);
  const load = dataset.load.find(({ target, table }) => target === claim.target && table === claim.table);
  if (load === undefined) {
    throw new SluiceError(
      'CONFIG_INVALID',
      `expected a load of ${dataset.name} into ${claim.target}.${claim.table}, got none in the configuration`,
      { facts: { batch: claim.batch } },
    );
  }
  const files = await scratch.files(manifest, signal);
  const receipt = await context.warehouse(claim.target).load({
    batch: claim.batch,
    attempt: claim.attempt,
    manifestHash: manifestHash(manifest),
    table: claim.table,
    ...readShape(load, row),
    columns: manifest.columns,
    ...readObjects(manifest, objects),
    artifacts: manifest.artifacts.map(({ key, bytes, rows }, index) => ({
      key,
      bytes,
      rows,
      file: files[index] ?? '',
    })),
    source: await scratch.source(manifest, signal),
    session: await scratch.session(),
    signal,
  });
  if (receipt.skipped.length > 0) {
    context.logger.warn(
      { batch: claim.batch, table: claim.table, objects: receipt.skipped.length },
      'the target had objects of this batch from another one, or newer versions of them; they were left out',
    );
  }
  for (const note of receipt.notes ?? []) context.logger.warn({ batch: claim.batch, table: claim.table }, note);
  const { rows, committedAt } = receipt;
  await planPartitions(context, await context.ledger.steps.commitLoad(claim, { rows, committedAt }));
  const fresh = objects.filter(({ carried }) => !carried);
  context.meter?.loaded({ manifest, target: claim.target, rows, objects: fresh, nowMs: context.clock.now() });
  return [];
}

function readObjects({ objects }: Manifest, members: readonly BatchObject[]): Pick<LoadRequest, 'objects' | 'removes'> {
  const included = objects.flatMap((object) => (object.kind === 'included' ? [object] : []));
  const carried = new Set(members.flatMap((one) => (one.carried ? [one.object] : [])));
  const by = included.find(({ object }) => !carried.has(object))?.object;
  const broken = objects.filter(({ kind, object }) => kind !== 'included' && carried.has(object));
  return {
    objects: included.map(({ object, rows, quarantined = 0, filtered = 0 }) => ({
      object,
      rows: rows - quarantined - filtered,
    })),
    removes: [
      ...included.flatMap(({ object, replaces = [] }) => replaces.map((old) => ({ object: old, by: object }))),
      ...(by === undefined ? [] : broken.map(({ object }) => ({ object, by }))),
    ],
  };
}

type LoadShape = Pick<LoadRequest, 'mode' | 'scope' | 'key' | 'orderBy' | 'partitionBy' | 'indexes' | 'refresh'>;

function readShape(load: Dataset['load'][number], row: BatchRow): LoadShape {
  const { key, orderBy, partitionBy, indexes, refresh } = load;
  return {
    ...readMode(load.mode, row),
    ...(key === undefined ? {} : { key }),
    ...(orderBy === undefined ? {} : { orderBy }),
    ...(partitionBy === undefined ? {} : { partitionBy }),
    ...(indexes === undefined ? {} : { indexes: indexes.map(readIndex) }),
    ...(refresh === undefined ? {} : { refresh }),
  };
}

/** A batch that was planned before the mode became replace is not the whole of anything: it must not take the place of the rest. */
function readMode(mode: WriteMode, { supersedes, partition }: BatchRow): Pick<LoadShape, 'mode' | 'scope'> {
  if (mode !== 'replace') return { mode };
  if (supersedes === undefined) return { mode: 'append' };
  return { mode, scope: supersedes === 'table' ? '' : partition };
}

function readIndex(index: NonNullable<Dataset['load'][number]['indexes']>[number]): IndexRequest {
  if (typeof index === 'string') return { columns: [index], include: [] };
  const { columns, include = [], where } = index;
  return { columns, include, ...(where === undefined ? {} : { where }) };
}
