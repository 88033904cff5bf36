import { quietPort } from './quietPort.js';
import { type IncomingMessage, type Server, createServer } from 'node:http';

/** A request that a receiver got, with its body. */
export interface Received {
  readonly method: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** An HTTP server of a test: it keeps what it gets and answers as told. */
export interface Receiver {
  readonly url: string;
  readonly port: number;
  readonly received: readonly Received[];
  close(): Promise<void>;
}

/** `answer` gives the status of each request; 200 by default. */
export async function openReceiver(
  options: { readonly port?: number; readonly answer?: (request: Received) => number | Promise<number> } = {},
): Promise<Receiver> {
  const { port = await quietPort(), answer = () => 200 } = options;
  const received: Received[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request.setEncoding('utf8')) body += String(chunk);
    const got = { method: request.method ?? '', headers: request.headers, body };
    received.push(got);
    response.writeHead(await answer(got)).end('{}');
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const taken = portOf(server);
  return {
    url: `http://127.0.0.1:${taken}/v1/events/s3`,
    port: taken,
    received,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server does not listen');
  return address.port;
}
