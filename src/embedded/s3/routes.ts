import type { Exchange, Operation } from './exchange.js';
import { S3Fault, faults } from './fault.js';
import {
  createBucket,
  deleteBucket,
  getLocation,
  getNotification,
  getVersioning,
  headBucket,
  listBuckets,
  putNotification,
} from './operations/buckets.js';
import { copyObject } from './operations/copyObject.js';
import { deleteObject, deleteObjects } from './operations/deleteObjects.js';
import { getObject } from './operations/getObject.js';
import { listObjects } from './operations/listObjects.js';
import {
  abortUpload,
  completeUpload,
  listParts,
  listUploads,
  startUpload,
  uploadPart,
} from './operations/multipart.js';
import { putObject } from './operations/putObject.js';
import { deleteTagging, getTagging, putTagging } from './operations/tagging.js';

interface Route {
  readonly method: string;
  /** The query parameter that names the operation; absent for the plain one. */
  readonly flag?: string;
  readonly operation: Operation;
}

const BUCKET_ROUTES: readonly Route[] = [
  { method: 'GET', flag: 'notification', operation: getNotification },
  { method: 'PUT', flag: 'notification', operation: putNotification },
  { method: 'GET', flag: 'location', operation: getLocation },
  { method: 'GET', flag: 'versioning', operation: getVersioning },
  { method: 'GET', flag: 'uploads', operation: listUploads },
  { method: 'POST', flag: 'delete', operation: deleteObjects },
  { method: 'GET', operation: listObjects },
  { method: 'HEAD', operation: headBucket },
  { method: 'PUT', operation: createBucket },
  { method: 'DELETE', operation: deleteBucket },
];

const OBJECT_ROUTES: readonly Route[] = [
  { method: 'GET', flag: 'tagging', operation: getTagging },
  { method: 'PUT', flag: 'tagging', operation: putTagging },
  { method: 'DELETE', flag: 'tagging', operation: deleteTagging },
  { method: 'PUT', flag: 'partNumber', operation: uploadPart },
  { method: 'POST', flag: 'uploads', operation: startUpload },
  { method: 'POST', flag: 'uploadId', operation: completeUpload },
  { method: 'DELETE', flag: 'uploadId', operation: abortUpload },
  { method: 'GET', flag: 'uploadId', operation: listParts },
  { method: 'GET', operation: getObject },
  { method: 'HEAD', operation: getObject },
  { method: 'PUT', operation: (exchange) => (isCopy(exchange) ? copyObject(exchange) : putObject(exchange)) },
  { method: 'DELETE', operation: deleteObject },
];

/** Parameters that name an operation of S3. One that no route knows must not be taken for the plain operation. */
const FLAGS: ReadonlySet<string> = new Set(
  (
    'abac accelerate acl analytics attributes cors delete encryption intelligent-tiering inventory legal-hold lifecycle ' +
    'location logging metadataTable metrics notification object-lock ownershipControls partNumber policy policyStatus ' +
    'publicAccessBlock renameObject replication requestPayment restore retention select session tagging torrent ' +
    'uploadId uploads versionId versioning versions website'
  ).split(' '),
);

/** The operation that a request names. Throws 501 for an operation that this endpoint does not serve, 405 for no operation. */
export function findOperation(exchange: Exchange): Operation {
  const { method, bucket, key, query } = exchange;
  if (bucket === '' && method === 'GET') return listBuckets;
  const flags = [...query.keys()].filter((name) => FLAGS.has(name));
  const routes = key === '' ? BUCKET_ROUTES : OBJECT_ROUTES;
  const route = routes.find((route) =>
    route.method !== method ? false : route.flag === undefined ? flags.length === 0 : flags.includes(route.flag),
  );
  if (route !== undefined) return route.operation;
  if (flags.length > 0) throw faults.notImplemented(`${method} ?${flags.join('&')}`);
  throw new S3Fault(405, 'MethodNotAllowed', 'The specified method is not allowed against this resource.');
}

function isCopy(exchange: Exchange): boolean {
  return exchange.header('x-amz-copy-source') !== undefined;
}
