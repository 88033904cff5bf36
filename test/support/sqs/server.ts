import { createHash, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { z } from 'zod';

/** A message in the queue: hidden until `visibleAtMs`, deleted only by the handle of its last delivery. */
interface Stored {
  readonly id: string;
  readonly body: string;
  visibleAtMs: number;
  receives: number;
  handle: string;
}

/**
 * A stand-in for Amazon SQS that speaks its JSON protocol (AmazonSQS.* by x-amz-target): long polling, visibility timeouts in real time,
 * receive counts, deletion by handle, batches with partial failure. Order and signatures are not looked at.
 */
export interface TestSqs {
  readonly queueUrl: string;
  /** Puts a message in; resolves with its id. */
  send(body: string): string;
  /** Messages in the queue, hidden ones included. */
  readonly size: () => number;
  readonly requests: () => Readonly<Record<string, number>>;
  /** Makes the next deletions fail for the messages of these bodies. */
  failDeletesOf(bodies: readonly string[]): void;
  /** Ends the visibility timeout of every message, as if its time had passed. */
  release(): void;
  /** How long each message is hidden yet, in ms. */
  readonly hiddenMs: () => readonly number[];
  /** Answers every request with this status until told otherwise; undefined: as it should. */
  answerWith(status: number | undefined): void;
  close(): Promise<void>;
}

const entry = z.object({ Id: z.string(), ReceiptHandle: z.string(), VisibilityTimeout: z.int().min(0).optional() });
const requests = {
  ReceiveMessage: z.object({
    QueueUrl: z.string(),
    MaxNumberOfMessages: z.int().min(1).max(10).default(1),
    WaitTimeSeconds: z.int().min(0).max(20).default(0),
    VisibilityTimeout: z.int().min(0).max(43_200).default(30),
  }),
  DeleteMessageBatch: z.object({ QueueUrl: z.string(), Entries: z.array(entry).min(1).max(10) }),
  ChangeMessageVisibilityBatch: z.object({ QueueUrl: z.string(), Entries: z.array(entry).min(1).max(10) }),
};

export async function startTestSqs(): Promise<TestSqs> {
  const queue = new TestQueue();
  let forced: number | undefined;
  const server = createServer((request, response) => {
    if (forced !== undefined) return answer(response, forced, { __type: 'ServiceUnavailable', message: 'away' });
    void handle(queue, request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    queueUrl: `http://127.0.0.1:${port}/123456789012/lake-events`,
    send: (body) => queue.add(body),
    size: () => queue.messages.length,
    requests: () => queue.requests,
    failDeletesOf: (bodies) => void (queue.undeletable = new Set(bodies)),
    release: () => {
      for (const message of queue.messages) message.visibleAtMs = 0;
    },
    hiddenMs: () => queue.messages.map(({ visibleAtMs }) => Math.max(0, visibleAtMs - Date.now())),
    answerWith: (status) => void (forced = status),
    close: () =>
      new Promise((resolve) => {
        queue.isClosed = true;
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

class TestQueue {
  messages: Stored[] = [];
  undeletable: ReadonlySet<string> = new Set();
  readonly requests: Record<string, number> = {};
  isClosed = false;

  add(body: string): string {
    const id = randomUUID();
    this.messages.push({ id, body, visibleAtMs: 0, receives: 0, handle: '' });
    return id;
  }

  async receive(body: unknown): Promise<object> {
    const { MaxNumberOfMessages, WaitTimeSeconds, VisibilityTimeout } = requests.ReceiveMessage.parse(body);
    const until = Date.now() + WaitTimeSeconds * 1000;
    for (;;) {
      const visible = this.messages
        .filter(({ visibleAtMs }) => visibleAtMs <= Date.now())
        .slice(0, MaxNumberOfMessages);
      if (visible.length > 0 || Date.now() >= until || this.isClosed)
        return visible.length === 0 ? {} : { Messages: visible.map((one) => deliver(one, VisibilityTimeout)) };
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  delete(body: unknown): object {
    return this.#each(requests.DeleteMessageBatch.parse(body).Entries, (found) => {
      if (this.undeletable.has(found.body)) return 'InternalError';
      this.messages = this.messages.filter((one) => one !== found);
      return undefined;
    });
  }

  changeVisibility(body: unknown): object {
    return this.#each(
      requests.ChangeMessageVisibilityBatch.parse(body).Entries,
      (found, { VisibilityTimeout = 30 }) => {
        if (found.visibleAtMs <= Date.now()) return 'MessageNotInflight';
        found.visibleAtMs = Date.now() + VisibilityTimeout * 1000;
        return undefined;
      },
    );
  }

  /** A handle of an older delivery, or of a message that is gone, changes nothing. */
  #each(
    entries: readonly z.infer<typeof entry>[],
    work: (found: Stored, one: z.infer<typeof entry>) => string | undefined,
  ) {
    const Successful: object[] = [];
    const Failed: object[] = [];
    for (const one of entries) {
      const found = this.messages.find(({ handle }) => handle === one.ReceiptHandle);
      const code = found === undefined ? undefined : work(found, one);
      if (code === undefined) Successful.push({ Id: one.Id });
      else Failed.push({ Id: one.Id, Code: code, SenderFault: false, Message: code });
    }
    return { Successful, Failed };
  }
}

function deliver(one: Stored, visibilityS: number): object {
  one.visibleAtMs = Date.now() + visibilityS * 1000;
  one.receives += 1;
  one.handle = randomUUID();
  return {
    MessageId: one.id,
    ReceiptHandle: one.handle,
    Body: one.body,
    MD5OfBody: createHash('md5').update(one.body).digest('hex'),
    Attributes: { ApproximateReceiveCount: String(one.receives) },
  };
}

async function handle(queue: TestQueue, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk));
  const body: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8') || '{}');
  const name = String(request.headers['x-amz-target']).replace('AmazonSQS.', '');
  queue.requests[name] = (queue.requests[name] ?? 0) + 1;
  if (name === 'ReceiveMessage') return answer(response, 200, await queue.receive(body));
  if (name === 'DeleteMessageBatch') return answer(response, 200, queue.delete(body));
  if (name === 'ChangeMessageVisibilityBatch') return answer(response, 200, queue.changeVisibility(body));
  return answer(response, 400, { __type: 'com.amazonaws.sqs#UnsupportedOperation', message: name });
}

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' });
  response.end(JSON.stringify(body));
}
