import { SluiceError } from '../../errors.js';

export interface Deadline {
  readonly ms: number;
  readonly signal?: AbortSignal | undefined;
  /** Called once when the time is up or the signal fires: ends what is under way. */
  readonly giveUp: () => void;
  /** `doing` of the error. */
  readonly doing: string;
}

/**
 * The promise's answer, or TARGET_AWAY when it takes longer, or the signal's reason. The driver keeps trying a dead server for
 * minutes and cannot be told not to.
 */
export async function withDeadline<T>(work: Promise<T>, { ms, signal, giveUp, doing }: Deadline): Promise<T> {
  const { promise: ended, reject } = withReject();
  const end = (reason: unknown) => {
    giveUp();
    reject(reason);
  };
  const timer = setTimeout(
    () => end(new SluiceError('TARGET_AWAY', `expected ${doing} to end in ${ms} ms, got no answer`)),
    ms,
  );
  const onAbort = () => end(signal?.reason);
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    signal?.throwIfAborted();
    return await Promise.race([work, ended]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
    // What comes later, comes for nobody.
    work.catch(() => {});
  }
}

function withReject(): { promise: Promise<never>; reject: (reason: unknown) => void } {
  let reject: (reason: unknown) => void = () => {};
  const promise = new Promise<never>((_, fail) => {
    reject = fail;
  });
  promise.catch(() => {});
  return { promise, reject };
}
