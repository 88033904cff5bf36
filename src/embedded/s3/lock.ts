import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { SluiceError } from '../../shared/errors.js';

/** Who holds a folder: a process, and when it began, since the number of a process is given out again. */
const holder = z.object({ pid: z.int(), startedAt: z.string() });
type Holder = z.infer<typeof holder>;

/**
 * Takes a folder for this process, so that no two write its journals. A lock left by a dead process is taken over.
 * Returns the function that lets it go. Throws SERVICE_NOT_STARTED while a living process, this one included, holds it.
 */
export function lockFolder(dir: string): () => void {
  const file = join(dir, 'lock.json');
  const draft = join(dir, `lock-${process.pid}.draft`);
  const own: Holder = { pid: process.pid, startedAt: startOf(process.pid) };
  writeFileSync(draft, JSON.stringify(own));
  try {
    for (let attempt = 0; attempt < 3; attempt++) {
      // A link appears whole or not at all, so nobody reads half a lock.
      if (tryLink(draft, file)) return () => rmSync(file, { force: true });
      const standing = readHolder(file);
      if (standing !== undefined && isAlive(standing)) break;
      rmSync(file, { force: true });
    }
  } finally {
    rmSync(draft, { force: true });
  }
  const pid = readHolder(file)?.pid;
  throw new SluiceError('SERVICE_NOT_STARTED', `expected ${dir} to be free, but process ${pid} serves it already`, {
    facts: { file, pid },
  });
}

function tryLink(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

function readHolder(file: string): Holder | undefined {
  try {
    const parsed = holder.safeParse(JSON.parse(readFileSync(file, 'utf8')));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}

function isAlive({ pid, startedAt }: Holder): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it lives, under another user.
    if (!(error instanceof Error && 'code' in error && error.code === 'EPERM')) return false;
  }
  return startOf(pid) === startedAt;
}

/** When a process began, in ticks since boot, with the boot's id; empty where the system does not tell (not Linux). */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
    // The name of the command, in parentheses, may hold spaces; the start is field 22, the 20th after it.
    return `${boot}/${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''}`;
  } catch {
    return '';
  }
}
