// Sends `requests` notifications of `perRequest` records each over `connections` sockets; one request at a time on each.
import { connect } from 'node:net';
import { TOKEN } from '../services.js';
import { eTagOf } from './intake.js';

const url = new URL(process.argv[2] ?? '');
const { requests, perRequest, connections }: Readonly<Record<string, number>> = JSON.parse(process.argv[3] ?? '{}');
const bodies = Array.from({ length: requests ?? 0 }, (_, index) => requestOf(index));

/** A record as S3 sends it. */
function recordOf(index: number): object {
  return {
    eventVersion: '2.1',
    eventSource: 'aws:s3',
    awsRegion: 'eu-west-1',
    eventTime: '2026-01-01T00:00:00.000Z',
    eventName: 'ObjectCreated:Put',
    userIdentity: { principalId: 'AWS:AROAEXAMPLE:loader' },
    requestParameters: { sourceIPAddress: '10.0.0.1' },
    responseElements: {
      'x-amz-request-id': 'C3D13FE58DE4C810',
      'x-amz-id-2': 'FMyUVURIY8/IgAtTv8xRjskZQpcIZ9KG4V5Wp6S7S/JRWeUWerMUE5JgHvANOjpD',
    },
    s3: {
      s3SchemaVersion: '1.0',
      configurationId: 'sluice',
      bucket: { name: 'lake', ownerIdentity: { principalId: 'A3NL1KOZZKExample' }, arn: 'arn:aws:s3:::lake' },
      object: {
        key: `raw/2026/01/01/part-${String(index).padStart(9, '0')}.parquet`,
        size: 200_000 + index,
        eTag: eTagOf(index),
        sequencer: '0055AED6DCD90281E5',
      },
    },
  };
}

function requestOf(index: number): Buffer {
  const records = Array.from({ length: perRequest ?? 0 }, (_, at) => recordOf(index * (perRequest ?? 0) + at));
  const body = JSON.stringify({ Records: records });
  return Buffer.from(
    `POST ${url.pathname} HTTP/1.1\r\nHost: ${url.host}\r\nAuthorization: Bearer ${TOKEN}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}

let next = 0;
let latencies: number[] = [];

/** One connection: sends a request, waits for its whole answer, sends the next. */
function sendAll(): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(url.port), url.hostname);
    socket.setNoDelay(true);
    let answer = '';
    let sentAt = 0;
    const sendNext = () => {
      const body = bodies[next++];
      if (body === undefined) {
        socket.end();
        resolve();
      } else {
        sentAt = performance.now();
        socket.write(body);
      }
    };
    socket.on('connect', sendNext).on('error', reject);
    socket.setEncoding('latin1').on('data', (piece: string) => {
      answer += piece;
      const end = answer.indexOf('\r\n\r\n');
      const length = Number(/content-length: (\d+)/i.exec(answer)?.[1] ?? Number.NaN);
      if (end < 0 || answer.length < end + 4 + length) return;
      if (!answer.startsWith('HTTP/1.1 200')) reject(new Error(`expected 200, got ${answer.slice(0, 300)}`));
      answer = '';
      latencies.push(performance.now() - sentAt);
      sendNext();
    });
  });
}

process.on('message', async () => {
  await Promise.all(Array.from({ length: connections ?? 1 }, sendAll));
  latencies = latencies.sort((a, b) => a - b);
  const p99Ms = latencies[Math.floor(latencies.length * 0.99)] ?? 0;
  process.send?.({ units: (requests ?? 0) * (perRequest ?? 0), p99Ms });
});
process.send?.({ units: 0, p99Ms: 0 });
