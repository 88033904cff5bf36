import { readFileSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import { join } from 'node:path';

/** What this process may use. */
export interface Limits {
  readonly memoryBytes: number;
  /** Whole processors or parts of one. */
  readonly cpus: number;
  /** Whether a container limits the memory; else it is the machine's. */
  readonly limited: boolean;
}

/** A machine of two processors that nothing limits. */
export const NO_LIMITS: Limits = { memoryBytes: 8e9, cpus: 2, limited: false };

/** What the machine has. */
export interface Machine {
  readonly memoryBytes: number;
  readonly cpus: number;
}

/** The folder of a container's own control group (cgroup v2). */
const CGROUP = '/sys/fs/cgroup';

/**
 * Reads the container's limits from cgroup v2: `memory.max` (bytes, or `max`) and `cpu.max` (`quota period` in microseconds, or `max
 * period`); see the kernel's cgroup-v2.rst. What is not limited, or cannot be read, is the machine's.
 */
export function readLimits(
  folder: string = CGROUP,
  machine: Machine = { memoryBytes: totalmem(), cpus: availableParallelism() },
): Limits {
  const memory = Number(readFile(join(folder, 'memory.max')));
  const limited = Number.isSafeInteger(memory) && memory > 0 && memory < machine.memoryBytes;
  const [quota = 'max', period = '100000'] = readFile(join(folder, 'cpu.max')).split(' ');
  const cpus = Number(quota) / Number(period);
  return {
    memoryBytes: limited ? memory : machine.memoryBytes,
    cpus: Number.isFinite(cpus) && cpus > 0 ? Math.min(cpus, machine.cpus) : machine.cpus,
    limited,
  };
}

function readFile(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return 'max';
  }
}

/** Of a container's memory, for the engines: the rest is Node's, the engines' own beyond their limit, and the files' pages. */
const ENGINES_SHARE = 0.6;
const LEAST_BYTES = 128e6;

/** What one engine may use. */
export interface EngineShare {
  readonly memoryLimitBytes: number;
  readonly threads: number;
}

/** Most that an engine takes where nothing limits it: small machines run other things too. */
const UNLIMITED: EngineShare = { memoryLimitBytes: 512e6, threads: 2 };

/**
 * One engine's part of a container: six tenths of the memory over as many engines as jobs run at once, and its share of the processors,
 * at least one. Where no container limits the memory, 512 MB and two threads. Pure.
 */
export function engineShare({ memoryBytes, cpus, limited }: Limits, concurrency: number): EngineShare {
  const threads = Math.max(1, Math.floor(cpus / concurrency));
  if (!limited) return { ...UNLIMITED, threads: Math.min(UNLIMITED.threads, Math.max(1, Math.floor(cpus))) };
  return {
    memoryLimitBytes: Math.max(LEAST_BYTES, Math.floor((memoryBytes * ENGINES_SHARE) / concurrency)),
    threads,
  };
}
