import { lifecycleOf, type LifecycleRule } from './lifecycle.js';
import { type BucketUse, outermost, policyOf, QUEUE_NAME, queuePolicyOf } from './rights.js';

/** Events that Sluice is told of. */
export const EVENTS = ['s3:ObjectCreated:*', 's3:ObjectRemoved:*'] as const;

const QUEUE_ARN = '${aws_sqs_queue.sluice.arn}';
const ACCOUNT = '${data.aws_caller_identity.sluice.account_id}';

/** Terraform for queue, notifications, rights and lifecycles of the buckets. Pure; the buckets themselves are the reader's. */
export function renderTerraform(buckets: readonly BucketUse[]): string {
  return `# Made by \`sluice init s3\`. A bucket has one notification and one lifecycle resource: merge these with yours when there are some.
data "aws_caller_identity" "sluice" {}

resource "aws_sqs_queue" "sluice" {
  name                       = "${QUEUE_NAME}"
  message_retention_seconds  = 1209600 # 14 days: as long as intake may be away
  visibility_timeout_seconds = 120
  receive_wait_time_seconds  = 20
  sqs_managed_sse_enabled    = true
}

resource "aws_sqs_queue_policy" "sluice" {
  queue_url = aws_sqs_queue.sluice.id
  policy    = ${encode(queuePolicyOf(buckets, QUEUE_ARN, ACCOUNT))}
}

${buckets.map(renderBucket).join('\n')}
${(['intake', 'worker'] as const).map((part) => renderPolicy(part, buckets)).join('\n')}
output "sluice_queue_url" {
  value = aws_sqs_queue.sluice.url # intake: { sqs: { queueUrl: "..." } }
}
`;
}

function renderPolicy(part: 'intake' | 'worker', buckets: readonly BucketUse[]): string {
  return `resource "aws_iam_policy" "sluice_${part}" {
  name   = "sluice-${part}"
  policy = ${encode(policyOf(part, buckets, QUEUE_ARN))}
}
`;
}

function renderBucket(use: BucketUse, index: number): string {
  const queues = outermost(use.raw).map(
    (prefix) => `  queue {
    queue_arn     = aws_sqs_queue.sluice.arn
    events        = ${JSON.stringify(EVENTS)}
    filter_prefix = ${textOf(prefix)}
  }`,
  );
  const notification =
    queues.length === 0
      ? ''
      : `resource "aws_s3_bucket_notification" "sluice_${index}" {
  bucket     = ${JSON.stringify(use.bucket)}
  depends_on = [aws_sqs_queue_policy.sluice]
${queues.join('\n')}
}

`;
  return `${notification}resource "aws_s3_bucket_lifecycle_configuration" "sluice_${index}" {
  bucket = ${JSON.stringify(use.bucket)}
${lifecycleOf(use).map(renderRule).join('\n')}
}
`;
}

function renderRule(rule: LifecycleRule): string {
  const filter = rule.Filter as { Prefix?: string; And?: { Prefix: string; Tags: { Key: string; Value: string }[] } };
  const lines = [`    id     = "${rule.ID}"`, '    status = "Enabled"'];
  if (filter.And === undefined) lines.push(`    filter { prefix = ${textOf(filter.Prefix ?? '')} }`);
  else {
    const tags = filter.And.Tags.map(({ Key, Value }) => `${Key} = ${JSON.stringify(Value)}`).join(', ');
    lines.push(
      '    filter {',
      '      and {',
      `        prefix = ${textOf(filter.And.Prefix)}`,
      `        tags   = { ${tags} }`,
      '      }',
      '    }',
    );
  }
  for (const { Days, StorageClass } of rule.Transitions ?? [])
    lines.push('    transition {', `      days          = ${Days}`, `      storage_class = "${StorageClass}"`, '    }');
  if (rule.Expiration !== undefined) lines.push(`    expiration { days = ${rule.Expiration.Days} }`);
  if (rule.AbortIncompleteMultipartUpload !== undefined) {
    const days = rule.AbortIncompleteMultipartUpload.DaysAfterInitiation;
    lines.push(`    abort_incomplete_multipart_upload { days_after_initiation = ${days} }`);
  }
  return `  rule {\n${lines.join('\n')}\n  }`;
}

/** A policy as Terraform reads it: jsonencode over an object, so that references inside its strings are filled in. */
function encode(policy: unknown): string {
  const text = JSON.stringify(policy, undefined, 2).replaceAll('\n', '\n  ');
  return `jsonencode(${escapeTemplates(text).replaceAll(`$${QUEUE_ARN}`, QUEUE_ARN).replaceAll(`$${ACCOUNT}`, ACCOUNT)})`;
}

/** A text as Terraform writes it, in which nothing is filled in. */
function textOf(text: string): string {
  return escapeTemplates(JSON.stringify(text));
}

function escapeTemplates(text: string): string {
  return text.replace(/[$%](?=\{)/g, '$&$&');
}
