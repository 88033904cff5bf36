import type { Request, Response } from 'express';
import type { LiveEvent, Poller } from './poller.js';

/** Viewers at once; each holds a connection. */
const MAX_VIEWERS = 200;
/** A viewer that falls this far behind misses changes; the next one that it takes is whole. */
const MAX_BEHIND_BYTES = 1_000_000;
const HEARTBEAT_MS = 15_000;

/** Turns an event into what one viewer gets, `undefined` for nothing; called in order, once an event. */
export type Encoder = (event: LiveEvent) => { readonly name: string; readonly data: unknown } | undefined;

/** The longest time that a timer takes. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * Handles a page's EventSource (HTML Living Standard, 9.2): changes as they come, a comment every 15 s so that proxies keep the
 * connection. `openEncoder` is called once a viewer; `endsAt` tells when what the viewer may see ends (ms since 1970), and the stream with it. 503 when too many watch.
 */
export function openStream(
  poller: Poller,
  openEncoder: () => Encoder,
  endsAt: () => number | undefined = () => undefined,
): (request: Request, response: Response) => void {
  let viewers = 0;
  return (_request, response) => {
    if (viewers >= MAX_VIEWERS) {
      response.status(503).set('retry-after', '10').end();
      return;
    }
    viewers += 1;
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store, no-transform',
    });
    response.write('retry: 2000\n\n');
    const encode = openEncoder();
    const unsubscribe = poller.subscribe((event) => {
      if (event.kind === 'closed') return void response.end();
      if (response.writableLength > MAX_BEHIND_BYTES) return;
      const message = encode(event);
      if (message !== undefined) response.write(`event: ${message.name}\ndata: ${JSON.stringify(message.data)}\n\n`);
    });
    const heartbeat = setInterval(() => response.write(': still here\n\n'), HEARTBEAT_MS);
    const until = endsAt();
    const leftMs = Math.min(MAX_TIMER_MS, Math.max(0, (until ?? Infinity) - Date.now()));
    const end = until === undefined ? undefined : setTimeout(() => response.end(), leftMs);
    response.on('close', () => {
      clearTimeout(end);
      viewers -= 1;
      clearInterval(heartbeat);
      unsubscribe();
    });
  };
}
