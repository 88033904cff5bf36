import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';

/** What a set of processes has used. */
export interface TreeUse {
  /** User and system time since each process began, of those alive and of their children that ended and were waited for. */
  readonly cpuSeconds: number;
  /** Resident bytes now, summed over the processes; pages that they share count once in each. */
  readonly rssBytes: number;
  readonly pids: readonly number[];
}

/** One process as the kernel tells of it. */
export interface ProcessRow {
  readonly pid: number;
  readonly parent: number;
  readonly cpuSeconds: number;
  readonly rssBytes: number;
}

const TICKS_PER_SECOND = 100;
const PAGE_BYTES = 4096;

/** The processes of this machine: from /proc, else from ps (which leaves out children that ended). */
export function readProcesses(): readonly ProcessRow[] {
  if (!existsSync('/proc/self/stat')) return readPs();
  return readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? readStat(Number(name)) : []));
}

/** What the processes `roots` and all their descendants have used. */
export function readTree(roots: readonly number[], rows: readonly ProcessRow[] = readProcesses()): TreeUse {
  const children = new Map<number, ProcessRow[]>();
  for (const row of rows) {
    const known = children.get(row.parent);
    if (known === undefined) children.set(row.parent, [row]);
    else known.push(row);
  }
  const found = new Map<number, ProcessRow>();
  const visit = (row: ProcessRow) => {
    if (found.has(row.pid)) return;
    found.set(row.pid, row);
    for (const child of children.get(row.pid) ?? []) visit(child);
  };
  for (const row of rows) if (roots.includes(row.pid)) visit(row);
  const all = [...found.values()];
  return {
    cpuSeconds: all.reduce((sum, row) => sum + row.cpuSeconds, 0),
    rssBytes: all.reduce((sum, row) => sum + row.rssBytes, 0),
    pids: [...found.keys()],
  };
}

/** Fields of proc(5), counted after the name in brackets, which may hold anything. */
function readStat(pid: number): ProcessRow[] {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = text
      .slice(text.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
    const [parent = 0] = fields.slice(1);
    const ticks = fields.slice(11, 15).reduce((sum, value) => sum + value, 0);
    return [{ pid, parent, cpuSeconds: ticks / TICKS_PER_SECOND, rssBytes: (fields[21] ?? 0) * PAGE_BYTES }];
  } catch {
    return []; // it ended between the listing and the reading
  }
}

function readPs(): readonly ProcessRow[] {
  const { stdout } = spawnSync('ps', ['-axo', 'pid=,ppid=,rss=,time='], { encoding: 'utf8' });
  return stdout.split('\n').flatMap((line) => {
    const [pid, parent, kilobytes, time] = line.trim().split(/\s+/);
    if (pid === undefined || time === undefined) return [];
    const cpuSeconds = time
      .replace('-', ':')
      .split(':')
      .reduce((sum, part) => sum * 60 + Number(part), 0);
    return [{ pid: Number(pid), parent: Number(parent), cpuSeconds, rssBytes: Number(kilobytes) * 1024 }];
  });
}
