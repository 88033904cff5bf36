import { type Answer, type Exchange, xmlAnswer } from '../exchange.js';
import { S3Fault } from '../fault.js';
import { element } from '../xml.js';

/** GET of the service: the buckets. */
export function listBuckets({ storage }: Exchange): Answer {
  const created = element('CreationDate', new Date(0).toISOString());
  const rows = storage.names().map((name) => `<Bucket>${element('Name', name)}${created}</Bucket>`);
  return xmlAnswer('ListAllMyBucketsResult', `<Owner><ID>embedded</ID></Owner><Buckets>${rows.join('')}</Buckets>`);
}

/** PUT of a bucket. */
export async function createBucket({ storage, bucket, body }: Exchange): Promise<Answer> {
  await body.text();
  if (storage.has(bucket))
    throw new S3Fault(409, 'BucketAlreadyOwnedByYou', 'Your previous request to create the named bucket succeeded');
  storage.create(bucket);
  return { status: 200, headers: { location: `/${bucket}` } };
}

/** HEAD of a bucket. */
export function headBucket({ storage, bucket, region }: Exchange): Answer {
  storage.bucket(bucket);
  return { status: 200, headers: { 'x-amz-bucket-region': region } };
}

/** DELETE of an empty bucket. */
export function deleteBucket({ storage, bucket }: Exchange): Answer {
  storage.remove(bucket);
  return { status: 204 };
}

/** GET ?location; us-east-1 is the empty constraint. */
export function getLocation({ storage, bucket, region }: Exchange): Answer {
  storage.bucket(bucket);
  return xmlAnswer('LocationConstraint', region === 'us-east-1' ? '' : region);
}

/** GET ?versioning: never switched on here. */
export function getVersioning({ storage, bucket }: Exchange): Answer {
  storage.bucket(bucket);
  return xmlAnswer('VersioningConfiguration', '');
}

/** GET ?notification. */
export function getNotification({ storage, bucket }: Exchange): Answer {
  return xmlAnswer('NotificationConfiguration', storage.bucket(bucket).notification);
}

/** PUT ?notification: kept and answered again; where events go is said when the endpoint is started. */
export async function putNotification({ storage, bucket, body }: Exchange): Promise<Answer> {
  const xml = await body.text();
  const match = /<NotificationConfiguration[^>]*?(?:\/>|>([\s\S]*)<\/NotificationConfiguration>)\s*$/.exec(xml);
  if (match === null) throw new S3Fault(400, 'MalformedXML', 'Expected a NotificationConfiguration document.');
  const found = storage.bucket(bucket);
  found.commit({ op: 'notification', xml: match[1] ?? '' });
  await found.settle();
  return { status: 200 };
}
