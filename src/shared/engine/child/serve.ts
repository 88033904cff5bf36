import { Socket } from 'node:net';
import { ChildServer } from './childServer.js';
import { isChildRequest } from '../messages.js';

/**
 * The program of an engine child: answers requests that come over IPC, writes copies to file descriptor 4.
 * It leaves at once when its parent is gone; signals to the group are the parent's to judge.
 */
const COPY_PIPE_FD = 4;

const pipe = new Socket({ fd: COPY_PIPE_FD, readable: false, writable: true });
const server = new ChildServer((answer) => process.send?.(answer), pipe);
process.on('message', (message) => {
  if (isChildRequest(message)) server.handle(message);
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
// A running query holds a thread that an orderly exit would wait for.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
