/** An answer of the S3 protocol that is not a success: HTTP status and the protocol's own error code. */
export class S3Fault extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string = code) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** The faults that several operations share, each with the words that S3 uses. */
export const faults = {
  noSuchKey: () => new S3Fault(404, 'NoSuchKey', 'The specified key does not exist.'),
  noSuchBucket: () => new S3Fault(404, 'NoSuchBucket', 'The specified bucket does not exist'),
  noSuchUpload: () => new S3Fault(404, 'NoSuchUpload', 'The specified multipart upload does not exist.'),
  preconditionFailed: () =>
    new S3Fault(412, 'PreconditionFailed', 'At least one of the pre-conditions you specified did not hold'),
  incompleteBody: () =>
    new S3Fault(400, 'IncompleteBody', 'The body ended before the number of bytes that the headers announced.'),
  badDigest: (name: string) =>
    new S3Fault(400, 'BadDigest', `The ${name} you specified did not match the calculated checksum.`),
  malformedXml: () => new S3Fault(400, 'MalformedXML', 'The XML you provided was not well-formed.'),
  accessDenied: (message = 'Access Denied') => new S3Fault(403, 'AccessDenied', message),
  notImplemented: (what: string) => new S3Fault(501, 'NotImplemented', `This endpoint does not serve ${what}.`),
};
