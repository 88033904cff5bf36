import { assertNever } from '../errors.js';
import type { CheckResult } from '../findings/check.js';
import type { ProfileReport } from '../findings/reports.js';
import type { Manifest } from '../ledger/manifest.js';
import type { BatchObject, StepClaim } from '../ledger/port.js';
import { objectUri } from '../ledger/text.js';
import {
  PRODUCER,
  assertionsFacet,
  columnLineageFacet,
  errorFacet,
  facet,
  inputStatisticsFacet,
  metricsFacet,
  outputStatisticsFacet,
  schemaFacet,
  subsetFacet,
} from './facets.js';
import type { DatasetName } from './names.js';
import type { Facets, LineageDataset, RunEvent } from './port.js';
import { batchRunId, runIdOf } from './runId.js';

const SCHEMA_URL = 'https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent';
/** An event names at most so many objects. */
const MOST_LOCATIONS = 2000;

/** How an attempt at a step stands. */
export type RunState =
  | { readonly kind: 'START' | 'COMPLETE' | 'ABORT' }
  | { readonly kind: 'FAIL'; readonly message: string };

/** What is known about one attempt at a step. */
export interface StepRun {
  readonly state: RunState;
  readonly at: Date;
  /** Of all jobs. */
  readonly namespace: string;
  readonly claim: StepClaim;
  readonly objects: readonly BatchObject[];
  readonly manifest?: Manifest | undefined;
  readonly profile?: ProfileReport | undefined;
  readonly checks?: readonly CheckResult[] | undefined;
  /** Where files arrive, and where artifacts are. */
  readonly source: DatasetName;
  readonly curated: DatasetName;
  /** Load only. */
  readonly table?: DatasetName | undefined;
  /** Columns keep their names from source to artifact; false where a transform makes them. */
  readonly keepsColumns: boolean;
}

/** The event of one attempt at a step. Compact reads the source and writes artifacts, the findings read artifacts, a load reads them and writes its table. Pure. */
export function runEvent(run: StepRun): RunEvent {
  const { state, at, namespace, claim } = run;
  const { dataset, step, target, table, batch } = claim;
  const name = step === 'load' ? `${dataset}.load.${target}.${table}` : `${dataset}.${step}`;
  return {
    eventType: state.kind,
    eventTime: at.toISOString(),
    producer: PRODUCER,
    schemaURL: SCHEMA_URL,
    run: {
      runId: runIdOf(claim),
      facets: {
        parent: facet('1-2-0/ParentRunFacet', {
          run: { runId: batchRunId(batch) },
          job: { namespace, name: dataset },
        }),
        ...(state.kind === 'FAIL' ? { errorMessage: errorFacet(state.message) } : {}),
      },
    },
    job: {
      namespace,
      name,
      facets: {
        jobType: facet('2-0-4/JobTypeJobFacet', { processingType: 'BATCH', integration: 'SLUICE', jobType: 'STEP' }),
      },
    },
    ...datasetsOf(run),
  };
}

type Datasets = Pick<RunEvent, 'inputs' | 'outputs'>;

function datasetsOf(run: StepRun): Datasets {
  const { claim, curated, table } = run;
  switch (claim.step) {
    case 'compact':
      return { inputs: [sourceInput(run)], outputs: [curatedOutput(run)] };
    case 'profile':
    case 'skew':
    case 'check':
      return { inputs: [{ ...curated, inputFacets: curatedFacets(run) }], outputs: [] };
    case 'load':
      return {
        inputs: [{ ...curated, inputFacets: curatedFacets(run) }],
        outputs: table === undefined ? [] : [tableOutput(run, table)],
      };
    default:
      return assertNever(claim.step);
  }
}

function sourceInput({ source, objects, manifest, state }: StepRun): LineageDataset {
  const locations = objects.slice(0, MOST_LOCATIONS).map(({ bucket, key }) => objectUri(bucket, key));
  const bytes = objects.reduce((sum, { size }) => sum + size, 0);
  const isDone = state.kind === 'COMPLETE' && manifest !== undefined;
  const read = { rows: manifest?.rows.in ?? 0, bytes, files: objects.length };
  return {
    ...source,
    inputFacets: {
      subset: subsetFacet(locations),
      ...(isDone ? { inputStatistics: inputStatisticsFacet(read) } : {}),
    },
  };
}

function curatedOutput({ curated, source, manifest, state, keepsColumns }: StepRun): LineageDataset {
  if (state.kind !== 'COMPLETE' || manifest === undefined) return curated;
  const { columns, rows, bytes, artifacts } = manifest;
  return {
    ...curated,
    facets: {
      schema: schemaFacet(columns),
      ...(keepsColumns ? { columnLineage: columnLineageFacet(columns, source) } : {}),
    },
    outputFacets: {
      outputStatistics: outputStatisticsFacet({ rows: rows.out, bytes: bytes.out, files: artifacts.length }),
    },
  };
}

function curatedFacets({ manifest, profile, checks, claim }: StepRun): Facets {
  if (manifest === undefined) return {};
  const { rows, bytes, artifacts } = manifest;
  const wantsProfile = profile !== undefined && (claim.step === 'profile' || claim.step === 'load');
  const wantsChecks = checks !== undefined && checks.length > 0 && (claim.step === 'check' || claim.step === 'load');
  return {
    subset: subsetFacet(artifacts.slice(0, MOST_LOCATIONS).map(({ key }) => key)),
    inputStatistics: inputStatisticsFacet({ rows: rows.out, bytes: bytes.out, files: artifacts.length }),
    ...(wantsProfile ? { dataQualityMetrics: metricsFacet(profile) } : {}),
    ...(wantsChecks ? { dataQualityAssertions: assertionsFacet(checks) } : {}),
  };
}

function tableOutput({ manifest, curated, state }: StepRun, table: DatasetName): LineageDataset {
  if (state.kind !== 'COMPLETE' || manifest === undefined) return table;
  const { columns, rows } = manifest;
  return {
    ...table,
    facets: { schema: schemaFacet(columns), columnLineage: columnLineageFacet(columns, curated) },
    outputFacets: { outputStatistics: outputStatisticsFacet({ rows: rows.out }) },
  };
}
