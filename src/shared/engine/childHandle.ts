import type { ChildProcess } from 'node:child_process';
import { Readable } from 'node:stream';
import { SluiceError, toSluiceError } from '../errors.js';
import { forkModule } from '../processes.js';
import { FrameReader } from './frames.js';
import { type ChildAnswer, type ChildRequest, isChildAnswer } from './messages.js';
import type { EngineRow } from './port.js';

/** Each running query, file read and pipe of the child holds one of these threads. */
const UV_THREADPOOL_SIZE = '16';
const COPY_PIPE_FD = 4;
const OBEY_WITHIN_MS = 2_000;
const STDERR_TAIL = 2_000;

type Unnumbered<R> = R extends ChildRequest ? Omit<R, 'id'> : never;
interface Waiting {
  readonly resolve: (rows: readonly EngineRow[]) => void;
  readonly reject: (error: unknown) => void;
}

/** One child process, seen from the engine. It sees none of the environment of its parent. */
export class ChildHandle {
  readonly #process: ChildProcess;
  readonly #waiting = new Map<number, Waiting>();
  readonly frames: FrameReader;
  #lastId = 0;
  #end: SluiceError | undefined;
  #stderr = '';

  constructor() {
    this.#process = forkModule(new URL('./child/serve.js', import.meta.url), [], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc', 'pipe'],
      serialization: 'advanced',
      env: { UV_THREADPOOL_SIZE, LC_ALL: 'C', TZ: 'UTC' },
    });
    const pipe = this.#process.stdio[COPY_PIPE_FD];
    if (!(pipe instanceof Readable))
      throw new SluiceError('INTERNAL', 'expected a readable pipe from the engine process');
    this.frames = new FrameReader(pipe);
    pipe.on('error', () => {});
    this.#process.stderr?.on('data', (text: Buffer) => {
      this.#stderr = `${this.#stderr}${text.toString()}`.slice(-STDERR_TAIL);
    });
    this.#process.on('message', (message) => {
      if (isChildAnswer(message)) this.#settle(message);
    });
    this.#process.on('error', (error) => this.#die(error.message));
    this.#process.on('exit', (code, signal) => this.#die(signal === null ? `exit status ${code}` : `signal ${signal}`));
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** The ENGINE_DIED that ended this child, when it has ended. */
  get end(): SluiceError | undefined {
    return this.#end;
  }

  /** Sends a request and waits for its answer. On abort the statement is interrupted; a child that does not obey is killed. */
  async ask(request: Unnumbered<ChildRequest>, signal?: AbortSignal): Promise<readonly EngineRow[]> {
    signal?.throwIfAborted();
    const id = this.nextId();
    const stopWatching = this.killUnlessObeyed(id, signal);
    try {
      return await new Promise<readonly EngineRow[]>((resolve, reject) => {
        this.#waiting.set(id, { resolve, reject });
        this.send({ ...request, id });
      });
    } catch (error) {
      if (signal?.aborted === true) throw signal.reason;
      throw error;
    } finally {
      stopWatching();
    }
  }

  nextId(): number {
    return ++this.#lastId;
  }

  /** Sends without waiting. A child that has ended rejects what waits for it. */
  send(request: ChildRequest): void {
    if (this.#end !== undefined) return this.#rejectAll(this.#end);
    this.#process.send(request, (error) => {
      if (error !== null) this.#die(error.message);
    });
  }

  /** Interrupts the request when the signal aborts, and kills the child 2 s later. Returns the way to call that off. */
  killUnlessObeyed(id: number, signal?: AbortSignal): () => void {
    let timer: NodeJS.Timeout | undefined;
    const onAbort = () => {
      this.send({ kind: 'interrupt', id });
      timer = setTimeout(() => this.kill(), OBEY_WITHIN_MS);
    };
    if (signal?.aborted === true) onAbort();
    signal?.addEventListener('abort', onAbort, { once: true });
    return () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    };
  }

  kill(): void {
    this.#process.kill('SIGKILL');
  }

  /** While held, a child keeps the parent process alive; an idle one does not. */
  hold(held: boolean): void {
    const handles = [this.#process, this.#process.channel, this.#process.stderr, this.frames.pipe];
    for (const handle of handles) {
      if (handle !== null && handle !== undefined && isReferable(handle))
        (held ? handle.ref : handle.unref).call(handle);
    }
  }

  #settle(answer: ChildAnswer): void {
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if (answer.kind === 'done') return waiting?.resolve(answer.rows);
    waiting?.reject(new SluiceError(answer.code, answer.message));
    if (answer.code === 'ENGINE_DIED') this.kill();
  }

  #die(how: string): void {
    this.#end ??= new SluiceError('ENGINE_DIED', `expected an answer of the engine process, got its end (${how})`, {
      facts: { how, ...(this.#stderr === '' ? {} : { stderr: this.#stderr }) },
    });
    this.#rejectAll(this.#end);
  }

  #rejectAll(error: SluiceError): void {
    for (const waiting of this.#waiting.values()) waiting.reject(toSluiceError(error));
    this.#waiting.clear();
  }
}

function isReferable(handle: object): handle is { ref(): void; unref(): void } {
  return 'ref' in handle && typeof handle.ref === 'function' && 'unref' in handle && typeof handle.unref === 'function';
}
