import { lifecycleOf } from './lifecycle.js';
import { type BucketUse, outermost, policyOf, QUEUE_NAME, queuePolicyOf } from './rights.js';
import { EVENTS } from './terraform.js';

/** The same as the Terraform, as commands of the AWS CLI for a shell. Pure. */
export function renderCommands(buckets: readonly BucketUse[], region: string): string {
  const arn = `arn:aws:sqs:${region}:$ACCOUNT:${QUEUE_NAME}`;
  const steps = [
    '#!/bin/sh\n# Made by `sluice init s3`. Notification and lifecycle commands REPLACE what a bucket has: merge when there is something.\nset -eu',
    `ACCOUNT=$(aws sts get-caller-identity --query Account --output text)`,
    `QUEUE=$(aws sqs create-queue --region ${region} --queue-name ${QUEUE_NAME} --query QueueUrl --output text \\\n  --attributes MessageRetentionPeriod=1209600,VisibilityTimeout=120,ReceiveMessageWaitTimeSeconds=20,SqsManagedSseEnabled=true)`,
    `cat > sluice-queue-policy.json ${hereDocument({ Policy: JSON.stringify(queuePolicyOf(buckets, arn, '$ACCOUNT')) })}`,
    `aws sqs set-queue-attributes --region ${region} --queue-url "$QUEUE" --attributes file://sluice-queue-policy.json`,
    ...buckets.flatMap((use) => bucketCommands(use, arn)),
    ...(['intake', 'worker'] as const).map(
      (part) =>
        `cat > sluice-${part}.json ${hereDocument(policyOf(part, buckets, arn))}\naws iam create-policy --policy-name sluice-${part} --policy-document file://sluice-${part}.json`,
    ),
    `echo "intake: { sqs: { queueUrl: $QUEUE } }"`,
  ];
  return `${steps.join('\n\n')}\n`;
}

function bucketCommands(use: BucketUse, arn: string): readonly string[] {
  const notification = {
    QueueConfigurations: outermost(use.raw).map((prefix, index) => ({
      Id: `sluice-${index}`,
      QueueArn: arn,
      Events: EVENTS,
      Filter: { Key: { FilterRules: [{ Name: 'prefix', Value: prefix }] } },
    })),
  };
  const lifecycle = { Rules: lifecycleOf(use) };
  return [
    `cat > sluice-notification.json ${hereDocument(notification)}\naws s3api put-bucket-notification-configuration --bucket ${use.bucket} --notification-configuration file://sluice-notification.json`,
    `cat > sluice-lifecycle.json ${hereDocument(lifecycle)}\naws s3api put-bucket-lifecycle-configuration --bucket ${use.bucket} --lifecycle-configuration file://sluice-lifecycle.json`,
  ];
}

/** A document for the shell, which fills in the account and nothing else. */
function hereDocument(document: unknown): string {
  const text = JSON.stringify(document).replace(/[\\$`]/g, '\\$&');
  return `<<JSON\n${text.replaceAll('\\$ACCOUNT', '$ACCOUNT')}\nJSON`;
}
