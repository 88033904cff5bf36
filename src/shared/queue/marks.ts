import type { Redis } from 'ioredis';
import type { Marks } from './port.js';

/** Marks as keys of Redis under a prefix. `guard` gives a failure its code. */
export function openMarks(connection: Redis, prefix: string, guard: <T>(call: () => Promise<T>) => Promise<T>): Marks {
  const keyOf = (name: string) => `${prefix}:mark:${name}`;
  return {
    take: (name, value, ttlMs) =>
      guard(async () => {
        if ((await connection.set(keyOf(name), value, 'PX', ttlMs, 'NX')) === 'OK') return undefined;
        // One that expired between the two commands is told of as it was asked for: somebody had it a moment ago.
        return (await connection.get(keyOf(name))) ?? value;
      }),
    put: (name, value, ttlMs) => guard(async () => void (await connection.set(keyOf(name), value, 'PX', ttlMs))),
    remove: (name) => guard(async () => void (await connection.del(keyOf(name)))),
  };
}
