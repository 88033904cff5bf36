import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

/**
 * A text that tells this life of a process from a later one with the same number (pids are reused, most of all in
 * containers); undefined when no such process lives. Linux: the start time of /proc/PID/stat; elsewhere that of `ps`.
 */
export function processMark(pid: number): string | undefined {
  if (process.platform !== 'linux') {
    const [state, ...started] = psField(pid, 'stat=,lstart=').trim().split(/\s+/);
    return state === undefined || state === '' || state.startsWith('Z') ? undefined : started.join(' ');
  }
  const stat = readText(`/proc/${pid}/stat`);
  // the second field is the command in parentheses and may itself hold spaces and parentheses
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state] = fields;
  return stat === '' || state === 'Z' || state === 'X' ? undefined : fields[19];
}

/** The command line of a living process, words separated by spaces; empty when there is none. */
export function commandLine(pid: number): string {
  if (process.platform === 'linux') return readText(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim();
  return psField(pid, 'command=').trim();
}

/** Sends the signals one after the other, waiting up to `waitMs` after each, until the process is gone. Answers whether it is. */
export async function endProcess(pid: number, signals: readonly NodeJS.Signals[], waitMs: number): Promise<boolean> {
  const mark = processMark(pid);
  for (const signal of signals) {
    if (mark === undefined || processMark(pid) !== mark) return true;
    try {
      process.kill(pid, signal);
    } catch {
      return processMark(pid) !== mark; // gone meanwhile, or another user's
    }
    for (const until = Date.now() + waitMs; Date.now() < until; await delay(10)) {
      if (processMark(pid) !== mark) return true;
    }
  }
  return processMark(pid) !== mark;
}

function psField(pid: number, format: string): string {
  try {
    return execFileSync('ps', ['-ww', '-o', format, '-p', String(pid)], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  } catch {
    return '';
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
