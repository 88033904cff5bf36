import { Readable } from 'node:stream';
import { SluiceError } from '../errors.js';
import type { ChildHandle } from './childHandle.js';
import type { Frame } from './frames.js';
import type { CopyOutRequest } from './port.js';

/** One read of the pipe. Bytes that wait here outlive the cheap collections of garbage: a megabyte made twice as many full ones. */
const READ_AHEAD_BYTES = 1 << 16;

/** The one pipe of a child: copies have it one after another. */
export interface PipeTurn {
  last: Promise<void>;
}

/**
 * A copy as a stream of bytes. It begins when it is first read. A slow reader slows the engine down; destroying the
 * stream stops the copy and leaves the session usable.
 */
export function openCopyStream(child: ChildHandle, turn: PipeTurn, request: CopyOutRequest): Readable {
  const { signal, sql, encoding, types } = request;
  const stop = new AbortController();
  let frames: AsyncGenerator<Frame> | undefined;

  const stream = new Readable({
    highWaterMark: READ_AHEAD_BYTES,
    read() {
      frames ??= framesOf(child, turn, { sql, encoding, types }, stop.signal);
      void push(frames, stream);
    },
    destroy(error, done) {
      stop.abort();
      done(error);
      if (frames !== undefined) void drain(frames);
    },
  });
  const onAbort = () => stream.destroy(abortError(signal?.reason));
  if (signal?.aborted === true) onAbort();
  signal?.addEventListener('abort', onAbort, { once: true });
  stream.once('close', () => signal?.removeEventListener('abort', onAbort));
  return stream;
}

async function* framesOf(
  child: ChildHandle,
  turn: PipeTurn,
  request: Pick<CopyOutRequest, 'sql' | 'encoding' | 'types'>,
  signal: AbortSignal,
): AsyncGenerator<Frame> {
  const before = turn.last;
  let leave = () => {};
  turn.last = new Promise((resolve) => {
    leave = resolve;
  });
  await before;
  if (signal.aborted) return leave();
  const id = child.nextId();
  const stopWatching = child.killUnlessObeyed(id, signal);
  try {
    if (child.end !== undefined) throw child.end;
    child.send({ kind: 'copy', id, ...request });
    for (;;) {
      const frame = await child.frames.next();
      if (frame.kind === 'failed' && frame.fault.code === 'ENGINE_DIED') child.kill();
      yield frame;
      if (frame.kind !== 'data') return;
    }
  } finally {
    stopWatching();
    leave();
  }
}

async function push(frames: AsyncGenerator<Frame>, stream: Readable): Promise<void> {
  try {
    const { value: frame } = await frames.next();
    if (stream.destroyed) return;
    if (frame === undefined || frame.kind === 'end') stream.push(null);
    else if (frame.kind === 'data') stream.push(frame.bytes);
    else stream.destroy(new SluiceError(frame.fault.code, frame.fault.message));
  } catch (error) {
    stream.destroy(error instanceof Error ? error : abortError(error));
  }
}

/** Reads what is left of a copy that nobody wants, so that the next copy finds the pipe at its own first frame. */
async function drain(frames: AsyncGenerator<Frame>): Promise<void> {
  try {
    for await (const frame of frames) if (frame.kind !== 'data') return;
  } catch {
    // The child has ended: there is nothing left to read.
  }
}

function abortError(reason: unknown): Error {
  return reason instanceof Error ? reason : new SluiceError('INTERNAL', `the copy was stopped: ${String(reason)}`);
}
