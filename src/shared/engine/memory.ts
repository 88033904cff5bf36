import { readFile } from 'node:fs/promises';
import type { ChildHandle } from './childHandle.js';

/** How many of these children live, and their resident memory in bytes; those that ended are forgotten. */
export async function memoryOf(
  children: Set<ChildHandle>,
): Promise<{ readonly processes: number; readonly bytes: number }> {
  for (const child of children) if (child.end !== undefined) children.delete(child);
  const pids = [...children].flatMap(({ pid }) => pid ?? []);
  return { processes: pids.length, bytes: await residentBytes(pids) };
}

/** Resident memory of these processes in bytes, as Linux tells it in /proc; elsewhere, and for those that ended, 0. */
export async function residentBytes(pids: readonly number[]): Promise<number> {
  const each = await Promise.all(
    pids.map(async (pid) => {
      const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
      return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024;
    }),
  );
  return each.reduce((sum, bytes) => sum + bytes, 0);
}
