import { Counter, Histogram, type Registry } from 'prom-client';
import type { Dataset } from '../shared/config/config.js';
import type { Manifest } from '../shared/ledger/manifest.js';
import type { BatchObject } from '../shared/ledger/port.js';
import type { SweepReport } from './context.js';

/** Objects under this size are counted as small: reading them costs more in requests than in bytes. */
export const SMALL_OBJECT_BYTES = 1_000_000;

/** Artifacts under this share of the dataset's `batch.targetBytes` are counted as small. */
export const SMALL_ARTIFACT_SHARE = 0.25;

/** What the handlers tell of the data that went through them, after each commit. Labels are datasets and targets of the configuration. */
export interface StepMeter {
  compacted(manifest: Manifest, objects: readonly BatchObject[]): void;
  /** `nowMs`: when the target had committed. */
  loaded(load: {
    readonly manifest: Manifest;
    readonly target: string;
    readonly rows: number;
    readonly objects: readonly BatchObject[];
    readonly nowMs: number;
  }): void;
  swept(dataset: string, report: SweepReport): void;
}

const SIZE_BUCKETS = [1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10];
const AGE_BUCKETS = [1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 10_800, 43_200, 86_400];
const ROW_OUTCOMES = ['read', 'kept', 'loaded'] as const;
const OBJECT_OUTCOMES = ['included', 'quarantined', 'ignored', 'superseded', 'released'] as const;
const SWEPT = ['found', 'recorded', 'ignored'] as const;

/** Opens the meter in a registry. Every dataset and target starts at 0, so that a rate over them is never without a beginning. */
export function openStepMeter(registry: Registry, datasets: readonly Dataset[]): StepMeter {
  const { objects, rows, loads, swept, small, smallArtifacts } = openCounters(registry);
  const { objectSizes, artifactSizes, endToEnd } = openHistograms(registry);
  const smallUnder = new Map(datasets.map(({ name, batch }) => [name, batch.targetBytes * SMALL_ARTIFACT_SHARE]));
  for (const { name: dataset, load } of datasets) {
    for (const outcome of ROW_OUTCOMES) rows.inc({ dataset, outcome }, 0);
    for (const outcome of OBJECT_OUTCOMES) objects.inc({ dataset, outcome }, 0);
    for (const outcome of SWEPT) swept.inc({ dataset, outcome }, 0);
    for (const counter of [small, smallArtifacts]) counter.inc({ dataset }, 0);
    for (const { target } of load) loads.inc({ dataset, target }, 0);
    for (const histogram of [objectSizes, artifactSizes, endToEnd]) histogram.zero({ dataset });
  }
  return {
    compacted(manifest, members) {
      const { dataset } = manifest;
      for (const { kind } of manifest.objects) objects.inc({ dataset, outcome: kind });
      rows.inc({ dataset, outcome: 'read' }, manifest.rows.in);
      rows.inc({ dataset, outcome: 'kept' }, manifest.rows.out);
      for (const { size } of members) objectSizes.observe({ dataset }, size);
      small.inc({ dataset }, members.filter(({ size }) => size < SMALL_OBJECT_BYTES).length);
      for (const { bytes } of manifest.artifacts) artifactSizes.observe({ dataset }, bytes);
      const under = smallUnder.get(dataset) ?? 0;
      smallArtifacts.inc({ dataset }, manifest.artifacts.filter(({ bytes }) => bytes < under).length);
    },
    loaded({ manifest, target, rows: count, objects: members, nowMs }) {
      const { dataset } = manifest;
      const included = new Set(manifest.objects.flatMap(({ kind, object }) => (kind === 'included' ? [object] : [])));
      loads.inc({ dataset, target });
      rows.inc({ dataset, outcome: 'loaded' }, count);
      for (const { object, arrivedAt } of members)
        if (included.has(object)) endToEnd.observe({ dataset }, (nowMs - arrivedAt.getTime()) / 1000);
    },
    swept(dataset, report) {
      for (const outcome of SWEPT) swept.inc({ dataset, outcome }, report[outcome]);
    },
  };
}

function openCounters(registry: Registry) {
  const registers = [registry];
  const counter = <T extends string>(name: string, help: string, labelNames: readonly T[]) =>
    new Counter<T>({ name, help, labelNames: [...labelNames], registers });
  return {
    objects: counter('sluice_compacted_objects_total', 'Objects that compaction settled, by outcome.', [
      'dataset',
      'outcome',
    ]),
    rows: counter(
      'sluice_rows_total',
      'Rows by outcome: read from objects, kept in artifacts, loaded into targets (once a table).',
      ['dataset', 'outcome'],
    ),
    loads: counter('sluice_loads_total', 'Loads that targets committed.', ['dataset', 'target']),
    swept: counter('sluice_swept_objects_total', 'Objects that sweeps listed, by outcome: found, recorded, ignored.', [
      'dataset',
      'outcome',
    ]),
    small: counter('sluice_small_objects_total', 'Compacted objects under 1 MB.', ['dataset']),
    smallArtifacts: counter(
      'sluice_small_artifacts_total',
      'Artifacts under a quarter of batch.targetBytes of their dataset.',
      ['dataset'],
    ),
  };
}

function openHistograms(registry: Registry) {
  const histogram = (name: string, help: string, buckets: number[]) =>
    new Histogram({ name, help, buckets, labelNames: ['dataset'] as const, registers: [registry] });
  return {
    objectSizes: histogram('sluice_object_size_bytes', 'Sizes of compacted objects in bytes.', SIZE_BUCKETS),
    artifactSizes: histogram('sluice_artifact_size_bytes', 'Sizes of artifacts in bytes.', SIZE_BUCKETS),
    endToEnd: histogram(
      'sluice_object_end_to_end_seconds',
      'Seconds from an object’s arrival to its rows being committed in a target, once a table.',
      AGE_BUCKETS,
    ),
  };
}
