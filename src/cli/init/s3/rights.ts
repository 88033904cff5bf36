import { MOVED_PREFIX } from '../../../workers/maintain/retireOriginals.js';
import type { Config } from '../../../shared/config/config.js';

/** What a bucket holds for Sluice. */
export interface BucketUse {
  readonly bucket: string;
  /** Prefixes where files arrive. */
  readonly raw: readonly string[];
  /** Prefixes that artifacts are put under. */
  readonly curated: readonly string[];
  /** What is done to originals once they are proven, and under which prefixes. */
  readonly retired: readonly { readonly after: 'tag' | 'move' | 'delete'; readonly prefix: string }[];
}

/** One statement of an IAM policy. */
export interface Statement {
  readonly Sid: string;
  readonly Effect: 'Allow';
  readonly Action: readonly string[];
  readonly Resource: readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
}

/** A policy document. */
export interface Policy {
  readonly Version: '2012-10-17';
  readonly Statement: readonly Statement[];
}

/** The parts that have rights of their own. */
export type Part = 'intake' | 'worker';

/** Name of the queue that buckets tell of arrivals. */
export const QUEUE_NAME = 'sluice-arrivals';

interface Uses {
  readonly raw: Set<string>;
  readonly curated: Set<string>;
  readonly retired: BucketUse['retired'][number][];
}

/** What each bucket of a configuration holds; folders (file://) hold nothing that S3 grants. Pure. */
export function readBuckets(config: Pick<Config, 'lake' | 'datasets'>): readonly BucketUse[] {
  const found = new Map<string, Uses>();
  const use = (bucket: string) => {
    const known: Uses = found.get(bucket) ?? { raw: new Set(), curated: new Set(), retired: [] };
    found.set(bucket, known);
    return known;
  };
  const lake = placeOf(config.lake?.url ?? '');
  for (const { source, compact, originals } of config.datasets) {
    const place = source.url === undefined ? lake && { ...lake, prefix: source.prefix } : placeOf(source.url);
    if (place !== undefined) use(place.bucket).raw.add(place.prefix);
    if (place !== undefined && originals.after !== 'keep')
      use(place.bucket).retired.push({ after: originals.after, prefix: place.prefix });
    if (lake !== undefined) use(lake.bucket).curated.add(compact.prefix);
  }
  return [...found].map(([bucket, { raw, curated, retired }]) => ({
    bucket,
    raw: [...raw].sort(),
    curated: [...curated].sort(),
    retired,
  }));
}

/** The prefixes that no other one holds within: S3 refuses two notifications for the same key. */
export function outermost(prefixes: readonly string[]): readonly string[] {
  return prefixes.filter((one) => !prefixes.some((other) => other !== one && one.startsWith(other)));
}

function placeOf(url: string): { bucket: string; prefix: string } | undefined {
  const [, bucket, prefix = ''] = /^s3:\/\/([^/]+)\/?(.*)$/.exec(url) ?? [];
  return bucket === undefined ? undefined : { bucket, prefix };
}

/**
 * The least that a part needs, with resources named down to the prefix (https://docs.aws.amazon.com/service-authorization: actions of S3
 * and SQS). Intake looks at objects (a HEAD is s3:GetObject, and s3:ListBucket where it is gone) and takes events from the queue; workers list and read what arrives, and
 * write, read and remove artifacts; the console asks the ledger alone, so it needs nothing.
 */
export function policyOf(part: Part, buckets: readonly BucketUse[], queueArn: string): Policy {
  const look = buckets.flatMap(({ bucket, raw }, index) => readRaw(bucket, raw, index));
  const write = buckets.flatMap(({ bucket, curated }, index) => keepArtifacts(bucket, curated, index));
  const list = buckets.map(({ bucket, raw, curated }, index) =>
    listPrefixes(bucket, part === 'intake' ? raw : [...raw, ...curated], index),
  );
  if (part === 'intake') {
    const listed = list.filter((_one, index) => (buckets[index]?.raw.length ?? 0) > 0);
    return { Version: '2012-10-17', Statement: [...listed, ...look, takeEvents(queueArn)] };
  }
  const retire = buckets.flatMap(retireOriginals);
  return { Version: '2012-10-17', Statement: [...list, ...look, ...write, ...retire] };
}

/** Who may send to the queue: S3 alone, for these buckets of this account alone. */
export function queuePolicyOf(buckets: readonly BucketUse[], queueArn: string, account: string) {
  return {
    Version: '2012-10-17',
    Statement: [
      {
        Sid: 'BucketsTellOfArrivals',
        Effect: 'Allow',
        Principal: { Service: 's3.amazonaws.com' },
        Action: ['sqs:SendMessage'],
        Resource: [queueArn],
        Condition: {
          ArnEquals: { 'aws:SourceArn': buckets.map(({ bucket }) => `arn:aws:s3:::${bucket}`) },
          StringEquals: { 'aws:SourceAccount': account },
        },
      },
    ],
  } as const;
}

function readRaw(bucket: string, raw: readonly string[], index: number): readonly Statement[] {
  if (raw.length === 0) return [];
  const Resource = raw.map((prefix) => objectsArn(bucket, prefix));
  return [{ Sid: `ReadArrivals${index}`, Effect: 'Allow', Action: ['s3:GetObject', 's3:GetObjectVersion'], Resource }];
}

function keepArtifacts(bucket: string, curated: readonly string[], index: number): readonly Statement[] {
  if (curated.length === 0) return [];
  const Resource = curated.map((prefix) => objectsArn(bucket, prefix));
  const Action = ['s3:GetObject', 's3:PutObject', 's3:DeleteObject', 's3:AbortMultipartUpload'];
  return [{ Sid: `KeepArtifacts${index}`, Effect: 'Allow', Action, Resource }];
}

const RETIRE_ACTIONS = {
  tag: ['s3:GetObjectTagging', 's3:PutObjectTagging'],
  move: ['s3:DeleteObject'],
  delete: ['s3:DeleteObject'],
} as const;

/** Only what the configuration asks for: nothing of what arrives may be changed where originals are kept. */
function retireOriginals({ bucket, retired }: BucketUse, index: number): readonly Statement[] {
  const statements = retired.map(({ after, prefix }, turn): Statement => ({
    Sid: `RetireOriginals${index}x${turn}`,
    Effect: 'Allow',
    Action: RETIRE_ACTIONS[after],
    Resource: [objectsArn(bucket, prefix)],
  }));
  if (!retired.some(({ after }) => after === 'move')) return statements;
  const Resource = [objectsArn(bucket, MOVED_PREFIX)];
  return [...statements, { Sid: `MoveOriginals${index}`, Effect: 'Allow', Action: ['s3:PutObject'], Resource }];
}

function listPrefixes(bucket: string, prefixes: readonly string[], index: number): Statement {
  return {
    Sid: `ListPrefixes${index}`,
    Effect: 'Allow',
    Action: ['s3:ListBucket'],
    Resource: [`arn:aws:s3:::${bucket}`],
    // A request for one object carries no prefix: without the right to list, one that is gone is told as denied, not as missing.
    Condition: { StringLikeIfExists: { 's3:prefix': prefixes.map((prefix) => `${prefix}*`) } },
  };
}

function takeEvents(queueArn: string): Statement {
  const Action = ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:ChangeMessageVisibility', 'sqs:GetQueueAttributes'];
  return { Sid: 'TakeEvents', Effect: 'Allow', Action, Resource: [queueArn] };
}

function objectsArn(bucket: string, prefix: string): string {
  return `arn:aws:s3:::${bucket}/${prefix}*`;
}
