import { once } from 'node:events';
import type { Socket } from 'node:net';
import { createRedisCommandExecutor, RedisServerState, Resp2Server } from 'js-redis-server/core';
import { choosePort, LOOPBACK } from '../ports.js';
import type { RedisPlace, StartedRedis } from './port.js';

const DATABASES = 16;

/** A Redis in JavaScript, in this process: what it holds is gone when it stops. */
export async function startMemoryRedis({ password, port: wanted, usualPort, log }: RedisPlace): Promise<StartedRedis> {
  const port = await choosePort('Redis', wanted, usualPort);
  const state = new RedisServerState({ databaseCount: DATABASES, requirepass: password });
  const logger = { error: (fault: unknown) => log(`memory Redis: ${String(fault)}`) };
  const server = new Resp2Server({ server: state, executor: createRedisCommandExecutor(), logger });
  const sockets = new Set<Socket>();
  server.server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  // its own listen() would bind every interface
  server.server.listen(port, LOOPBACK);
  await once(server.server, 'listening');
  server.server.unref();
  const stop = async () => {
    const closed = server.close();
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  return { port, pid: process.pid, stop };
}
