/** One S3 notification record of a created object, as AWS sends it. */
export function createdRecord(key: string, eTag: string, size: number) {
  return {
    eventVersion: '2.1',
    eventSource: 'aws:s3',
    eventName: 'ObjectCreated:Put',
    eventTime: '2026-01-02T03:04:05.678Z',
    s3: {
      bucket: { name: 'lake' },
      object: {
        key: encodeURIComponent(key).replaceAll('%2F', '/').replaceAll('%20', '+'),
        size,
        eTag,
        sequencer: '0055AED6DCD90281E5',
      },
    },
  };
}

/** Posts records to the intake; resolves with its answer. */
export async function postRecords(intakeUrl: string, token: string, records: readonly unknown[]): Promise<Response> {
  return fetch(`${intakeUrl}/v1/events/s3`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ Records: records }),
  });
}
