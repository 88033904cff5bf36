// One-shots of docker-compose.yml: `bucket` makes the bucket, `notify` has it announce new files, `demo` puts some files in.
// Each may run again: what is there already stays as it is.
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import {
  CreateBucketCommand,
  HeadBucketCommand,
  ListBucketsCommand,
  PutBucketNotificationConfigurationCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';

const BUCKET = 'lake';
const FILES = 200;
const ROWS = 50;
const READY_MS = 120_000;

// DEMO_FROM: number of the first demo file, for more of them
const { LAKE_ENDPOINT, LAKE_ACCESS_KEY, LAKE_SECRET_KEY, DEMO_FROM = '0' } = process.env;
const s3 = new S3Client({
  endpoint: LAKE_ENDPOINT,
  region: 'us-east-1',
  forcePathStyle: true,
  credentials: { accessKeyId: LAKE_ACCESS_KEY ?? '', secretAccessKey: LAKE_SECRET_KEY ?? '' },
});

const shots = { bucket: makeBucket, notify: announceFiles, demo: putFiles };
const shot = shots[process.argv[2] ?? ''];
if (shot === undefined) throw new Error(`expected one of ${Object.keys(shots).join(', ')}, got ${process.argv[2]}`);
console.log(await shot());

async function makeBucket() {
  await until(() => s3.send(new ListBucketsCommand({})));
  const isThere = await s3.send(new HeadBucketCommand({ Bucket: BUCKET })).then(
    () => true,
    () => false,
  );
  if (!isThere) await s3.send(new CreateBucketCommand({ Bucket: BUCKET }));
  return `bucket ${BUCKET} ${isThere ? 'was there' : 'made'}`;
}

async function announceFiles() {
  const NotificationConfiguration = JSON.parse(readFileSync(new URL('notifications.json', import.meta.url), 'utf8'));
  // RustFS knocks at the intake before it takes the configuration
  await until(() =>
    s3.send(new PutBucketNotificationConfigurationCommand({ Bucket: BUCKET, NotificationConfiguration })),
  );
  return `bucket ${BUCKET} announces new files`;
}

async function putFiles() {
  const from = Number(DEMO_FROM);
  for (let file = from; file < from + FILES; file++) {
    const rows = Array.from({ length: ROWS }, (_, row) => {
      const id = file * ROWS + row + 1;
      return `${id},${['new', 'paid', 'sent'][id % 3]},${(id % 997) + 0.5},2026-01-${String((id % 28) + 1).padStart(2, '0')}`;
    });
    const body = ['order_id,status,amount,ordered_on', ...rows, ''].join('\n');
    const key = `raw/orders/demo-${String(file).padStart(3, '0')}.csv`;
    await s3.send(new PutObjectCommand({ Bucket: BUCKET, Key: key, Body: body }));
  }
  return `${FILES} files of ${ROWS} rows put`;
}

async function until(work) {
  for (const end = Date.now() + READY_MS; ; await delay(1000)) {
    try {
      return await work();
    } catch (error) {
      if (Date.now() > end) throw error;
    }
  }
}
