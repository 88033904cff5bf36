import { SluiceError } from '../../errors.js';

/** DuckDB forgets an interrupt that comes before its statement begins, so it is repeated until the statement ends. */
const REPEAT_EVERY_MS = 20;

/** Which requests are under way or wait for their turn, and which of them shall stop. */
export interface Interrupts {
  add(id: number): void;
  interrupt(id: number): void;
  isInterrupted(id: number): boolean;
  /** Runs `work` on the connection, and interrupts the connection when the request is to stop. */
  guard<T>(id: number, connection: { interrupt(): void }, work: () => Promise<T>): Promise<T>;
  remove(id: number): void;
}

/** The interrupts of one session. */
export function openInterrupts(): Interrupts {
  const requests = new Map<number, { interrupted: boolean }>();
  return {
    add: (id) => void requests.set(id, { interrupted: false }),
    interrupt: (id) => {
      const request = requests.get(id);
      if (request !== undefined) request.interrupted = true;
    },
    isInterrupted: (id) => requests.get(id)?.interrupted === true,
    guard: async (id, connection, work) => {
      const request = requests.get(id);
      if (request?.interrupted === true) {
        throw new SluiceError('ENGINE_QUERY', 'the statement was interrupted before it began');
      }
      const timer = setInterval(() => {
        if (request?.interrupted === true) connection.interrupt();
      }, REPEAT_EVERY_MS);
      try {
        return await work();
      } finally {
        clearInterval(timer);
      }
    },
    remove: (id) => void requests.delete(id),
  };
}
