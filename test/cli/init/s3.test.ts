import { execFile } from 'node:child_process';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { renderCommands } from '../../../src/cli/init/s3/commands.js';
import { lifecycleOf } from '../../../src/cli/init/s3/lifecycle.js';
import { policyOf, queuePolicyOf, readBuckets } from '../../../src/cli/init/s3/rights.js';
import { renderTerraform } from '../../../src/cli/init/s3/terraform.js';
import { makeConfig } from '../../support/datasets.js';
import { freshFolder } from '../../support/folders.js';

const run = promisify(execFile);
const ARN = 'arn:aws:sqs:eu-west-1:123456789012:sluice-arrivals';

const config = makeConfig({
  lake: { url: 's3://acme-lake', region: 'eu-west-1' },
  targets: {},
  datasets: {
    orders: { source: { prefix: 'raw/orders/' } },
    clicks: { source: { prefix: 'raw/clicks/' }, compact: { prefix: 'tidy/clicks/' }, originals: { after: 'move' } },
    vendor: { source: { url: 's3://vendor-drop/in/' } },
    folder: { source: { url: 'file:///srv/in' } },
  },
});
const buckets = readBuckets(config);

test('every bucket is named with what arrives and what is kept; folders need no rights', () => {
  expect(buckets).toEqual([
    {
      bucket: 'acme-lake',
      raw: ['raw/clicks/', 'raw/orders/'],
      curated: ['curated/folder/', 'curated/orders/', 'curated/vendor/', 'tidy/clicks/'],
      retired: [{ after: 'move', prefix: 'raw/clicks/' }],
    },
    { bucket: 'vendor-drop', raw: ['in/'], curated: [], retired: [] },
  ]);
});

test('intake may look and take events; it may neither write nor remove', () => {
  const { Statement } = policyOf('intake', buckets, ARN);
  expect(new Set(Statement.flatMap(({ Action }) => Action))).toEqual(
    new Set([
      's3:ListBucket',
      's3:GetObject',
      's3:GetObjectVersion',
      'sqs:ReceiveMessage',
      'sqs:DeleteMessage',
      'sqs:ChangeMessageVisibility',
      'sqs:GetQueueAttributes',
    ]),
  );
});

test('a worker writes and removes under the artifacts, moves the originals that are to be moved, and lists no more than its prefixes', () => {
  const { Statement } = policyOf('worker', buckets, ARN);
  const resourcesOf = (action: string) =>
    Statement.filter(({ Action }) => Action.includes(action)).flatMap(({ Resource }) => Resource);
  const artifacts = ['curated/folder/*', 'curated/orders/*', 'curated/vendor/*', 'tidy/clicks/*'];
  const kept = artifacts.map((key) => `arn:aws:s3:::acme-lake/${key}`);
  expect(resourcesOf('s3:PutObject')).toEqual([...kept, 'arn:aws:s3:::acme-lake/_originals/*']);
  expect(resourcesOf('s3:DeleteObject')).toEqual([...kept, 'arn:aws:s3:::acme-lake/raw/clicks/*']);
  expect(resourcesOf('s3:GetObjectVersion')).toContain('arn:aws:s3:::vendor-drop/in/*');
  for (const { Action, Condition } of Statement)
    if (Action.includes('s3:ListBucket')) expect(Condition?.['StringLikeIfExists']?.['s3:prefix']).toBeDefined();
});

test('no policy grants a wildcard of actions or a whole account, and only S3 for these buckets may send', () => {
  for (const part of ['intake', 'worker'] as const)
    for (const { Action, Resource } of policyOf(part, buckets, ARN).Statement) {
      expect(Action.filter((action) => action.includes('*'))).toEqual([]);
      expect(Resource.filter((resource) => /^\*|:::\*|:::[^/]+\/\*$/.test(resource))).toEqual([]);
    }
  const [sender] = queuePolicyOf(buckets, ARN, '123456789012').Statement;
  expect(sender.Condition).toEqual({
    ArnEquals: { 'aws:SourceArn': ['arn:aws:s3:::acme-lake', 'arn:aws:s3:::vendor-drop'] },
    StringEquals: { 'aws:SourceAccount': '123456789012' },
  });
});

test('originals move and go only when they are tagged as audited', () => {
  for (const use of buckets)
    for (const rule of lifecycleOf(use).filter(({ Transitions, Expiration }) => Transitions ?? Expiration))
      expect(rule.Filter).toMatchObject({ And: { Tags: [{ Key: 'sluice', Value: 'loaded' }] } });
});

test('the Terraform names each resource once and closes what it opens', () => {
  const text = renderTerraform(buckets);
  const names = [...text.matchAll(/^resource "(\w+)" "(\w+)"/gm)].map(([, type, name]) => `${type}.${name}`);
  expect(names).toEqual([
    'aws_sqs_queue.sluice',
    'aws_sqs_queue_policy.sluice',
    'aws_s3_bucket_notification.sluice_0',
    'aws_s3_bucket_lifecycle_configuration.sluice_0',
    'aws_s3_bucket_notification.sluice_1',
    'aws_s3_bucket_lifecycle_configuration.sluice_1',
    'aws_iam_policy.sluice_intake',
    'aws_iam_policy.sluice_worker',
  ]);
  for (const [open, close] of ['{}', '[]', '()'])
    expect(text.split(open ?? '').length).toBe(text.split(close ?? '').length);
  for (const [, reference] of text.matchAll(/\b(aws_\w+\.\w+)\.(?:arn|id|url)/g)) expect(names).toContain(reference);
});

test('the script runs to its end, and hands every command a document that is JSON', async () => {
  const folder = await freshFolder();
  const aws = join(folder, 'aws');
  await writeFile(
    aws,
    `#!/bin/sh
echo "$@" >> calls.txt
for word in "$@"; do case "$word" in file://*) cp "\${word#file://}" "document-$(ls | wc -l).json";; esac; done
case "$*" in *get-caller-identity*) echo 123456789012;; *create-queue*) echo https://sqs.example/1/q;; esac
`,
  );
  await chmod(aws, 0o755);
  await writeFile(join(folder, 'setup.sh'), renderCommands(buckets, 'eu-west-1'));
  const env = { ...process.env, PATH: `${folder}:${process.env['PATH'] ?? ''}` };
  const { stdout } = await run('sh', ['setup.sh'], { cwd: folder, env });
  expect(stdout).toContain('queueUrl: https://sqs.example/1/q');
  const calls = (await readFile(join(folder, 'calls.txt'), 'utf8')).trim().split('\n');
  expect(calls.map((call) => call.split(' ')[1])).toEqual([
    'get-caller-identity',
    'create-queue',
    'set-queue-attributes',
    'put-bucket-notification-configuration',
    'put-bucket-lifecycle-configuration',
    'put-bucket-notification-configuration',
    'put-bucket-lifecycle-configuration',
    'create-policy',
    'create-policy',
  ]);
  const read = async (name: string) => JSON.parse(await readFile(join(folder, name), 'utf8'));
  const queuePolicy = JSON.parse((await read('sluice-queue-policy.json')).Policy);
  expect(queuePolicy.Statement[0].Condition.StringEquals['aws:SourceAccount']).toBe('123456789012');
  expect((await read('sluice-intake.json')).Statement.at(-1).Resource).toEqual([ARN]);
  expect((await read('sluice-notification.json')).QueueConfigurations[0]).toMatchObject({ QueueArn: ARN });
});

test('prefixes within others make one notification, as S3 takes no two for the same key', () => {
  const nested = readBuckets(
    makeConfig({
      lake: { url: 's3://acme-lake' },
      targets: {},
      datasets: { all: { source: { prefix: 'raw/' } }, orders: { source: { prefix: 'raw/orders/' } } },
    }),
  );
  expect(renderTerraform(nested).match(/filter_prefix = .*/g)).toEqual(['filter_prefix = "raw/"']);
  const [, sent = ''] = /sluice-notification\.json <<JSON\n(.*)/.exec(renderCommands(nested, 'eu-west-1')) ?? [];
  expect(JSON.parse(sent).QueueConfigurations).toHaveLength(1);
});

test('what a prefix has of the shell’s or Terraform’s own signs stays a text', async () => {
  const odd = [{ bucket: 'acme-lake', raw: ['raw/$(touch broken)/${x}/`id`/'], curated: [], retired: [] }];
  expect(renderTerraform(odd)).toContain('filter_prefix = "raw/$(touch broken)/$${x}/`id`/"');
  const folder = await freshFolder();
  const [document = ''] = /cat > sluice-notification[^]*?\nJSON\n/.exec(renderCommands(odd, 'eu-west-1')) ?? [];
  await writeFile(join(folder, 'setup.sh'), `ACCOUNT=1\n${document}`);
  await run('sh', ['setup.sh'], { cwd: folder });
  const { QueueConfigurations } = JSON.parse(await readFile(join(folder, 'sluice-notification.json'), 'utf8'));
  expect(QueueConfigurations[0].Filter.Key.FilterRules[0].Value).toBe(odd[0]?.raw[0]);
});
