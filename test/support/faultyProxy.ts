import { type IncomingMessage, type ServerResponse, createServer, request as send } from 'node:http';

/**
 * What becomes of one request: passed on; answered here with a status and a code of S3; passed on but its answer lost;
 * its answer cut after some bytes of the body; or held until something has been done.
 */
export type Fate =
  | { readonly kind: 'pass' }
  | { readonly kind: 'answer'; readonly status: number; readonly code: string }
  | { readonly kind: 'lose' }
  | { readonly kind: 'cut'; readonly afterBytes: number }
  | { readonly kind: 'after'; readonly work: () => Promise<unknown> };

/** What the proxy knows of a request when it decides. */
export interface Passing {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  /** 1 for the first request. */
  readonly number: number;
}

/** A proxy before an S3 endpoint that fails as told. Signatures hold, for the Host header is passed on as it came. */
export async function openFaultyProxy(
  target: string,
  decide: (passing: Passing) => Fate,
): Promise<{ readonly url: string; readonly requests: readonly Passing[]; close(): Promise<void> }> {
  const requests: Passing[] = [];
  const server = createServer(async (request, response) => {
    const passing = {
      method: request.method ?? '',
      url: request.url ?? '',
      headers: request.headers,
      number: requests.length + 1,
    };
    requests.push(passing);
    const fate = decide(passing);
    if (fate.kind === 'answer') return void answerFault(request, response, fate);
    if (fate.kind === 'after') await fate.work();
    passOn(target, { request, response, fate });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy does not listen');
  return {
    url: `http://127.0.0.1:${address.port}`,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function answerFault(request: IncomingMessage, response: ServerResponse, fate: Fate & { kind: 'answer' }): void {
  request.resume();
  const text = `<?xml version="1.0"?><Error><Code>${fate.code}</Code><Message>made up</Message></Error>`;
  response.writeHead(fate.status, { 'content-type': 'application/xml' });
  response.end(request.method === 'HEAD' ? undefined : text);
}

function passOn(
  target: string,
  { request, response, fate }: { request: IncomingMessage; response: ServerResponse; fate: Fate },
): void {
  const { hostname, port } = new URL(target);
  const { expect: _, ...headers } = request.headers;
  const onward = send({ hostname, port, method: request.method, path: request.url, headers }, (answer) => {
    if (fate.kind === 'lose') {
      answer.resume();
      answer.on('end', () => response.destroy());
      return;
    }
    response.writeHead(answer.statusCode ?? 500, answer.headers);
    if (fate.kind !== 'cut') return void answer.pipe(response);
    let left = fate.afterBytes;
    answer.on('data', (chunk: Buffer) => {
      response.write(chunk.subarray(0, left), () => left <= 0 && response.destroy());
      left -= chunk.length;
    });
  });
  onward.on('error', () => response.destroy());
  request.pipe(onward);
}
