import { spawn } from 'node:child_process';

/** Watches over one server process. */
export interface Watchdog {
  /** To be called once the server is gone: the watchdog ends without a signal to anybody. */
  dismiss(): void;
}

/**
 * Makes a server end with this process, however this one ends. A small shell waits on a pipe that only this process
 * holds open; when the pipe closes (exit, crash or SIGKILL), it sends `signal` to the server.
 */
export function watchOver(pid: number, signal: 'SIGINT' | 'SIGTERM'): Watchdog {
  const script = 'read -r word; [ "$word" = done ] || kill -s "${1#SIG}" "$2"';
  const shell = spawn('/bin/sh', ['-c', script, 'sh', signal, String(pid)], {
    cwd: '/',
    detached: true, // Ctrl-C reaches the whole process group; the server must outlive it until it is asked to stop
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  shell.on('error', () => {});
  shell.stdin.on('error', () => {});
  shell.unref();
  if ('unref' in shell.stdin && typeof shell.stdin.unref === 'function') shell.stdin.unref();
  return { dismiss: () => void shell.stdin.end('done\n') };
}
