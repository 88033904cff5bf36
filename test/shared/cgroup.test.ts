import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { engineShare, readLimits } from '../../src/shared/cgroup.js';
import { parseConfig } from '../../src/shared/config/load.js';
import { withConcurrency } from '../../src/shared/config/resolve.js';

const MACHINE = { memoryBytes: 64e9, cpus: 16 };

/** A control group's folder with these files. */
function cgroup(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-cgroup-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

describe('readLimits', () => {
  it.each<[string, Record<string, string>, [number, number, boolean]]>([
    ['a container’s', { 'memory.max': '4294967296\n', 'cpu.max': '150000 100000\n' }, [4_294_967_296, 1.5, true]],
    ['no limits', { 'memory.max': 'max\n', 'cpu.max': 'max 100000\n' }, [64e9, 16, false]],
    ['memory alone', { 'memory.max': '1000000000\n' }, [1e9, 16, true]],
    ['processors alone', { 'cpu.max': '400000 100000' }, [64e9, 4, false]],
    ['more than the machine has', { 'memory.max': '9000000000000', 'cpu.max': '9900000 100000' }, [64e9, 16, false]],
    ['what is not understood', { 'memory.max': 'lots', 'cpu.max': 'x y' }, [64e9, 16, false]],
    ['no control group', {}, [64e9, 16, false]],
  ])('reads %s', (_name, files, [memoryBytes, cpus, limited]) => {
    expect(readLimits(cgroup(files), MACHINE)).toEqual({ memoryBytes, cpus, limited });
  });
});

describe('engineShare', () => {
  it.each([
    ['one job at once', { memoryBytes: 4e9, cpus: 4 }, 1, { memoryLimitBytes: 2.4e9, threads: 4 }],
    ['two jobs at once', { memoryBytes: 4e9, cpus: 4 }, 2, { memoryLimitBytes: 1.2e9, threads: 2 }],
    ['more jobs than processors', { memoryBytes: 4e9, cpus: 0.5 }, 4, { memoryLimitBytes: 0.6e9, threads: 1 }],
    ['next to no memory', { memoryBytes: 2e8, cpus: 1 }, 4, { memoryLimitBytes: 1.28e8, threads: 1 }],
  ])('shares a container over %s', (_name, container, concurrency, share) => {
    expect(engineShare({ ...container, limited: true }, concurrency)).toEqual(share);
  });

  it('keeps small where nothing limits it', () => {
    expect(engineShare({ memoryBytes: 64e9, cpus: 16, limited: false }, 2)).toEqual({
      memoryLimitBytes: 512e6,
      threads: 2,
    });
  });
});

describe('the configuration in a container', () => {
  const text = (worker: string) => `version: 1\nworker: ${worker}\ndatasets: { a: { source: { prefix: a/ } } }\n`;
  const workerOf = (worker: string) => {
    const answer = parseConfig(text(worker), { folder: '/' }, {}, { memoryBytes: 8e9, cpus: 4, limited: true });
    return answer.kind === 'config' ? answer.config.worker : answer;
  };

  it('gives each engine its share, and what the file says goes first', () => {
    expect(workerOf('{ concurrency: 2 }')).toMatchObject({ memoryLimitBytes: 2.4e9, threads: 2 });
    expect(workerOf('{ concurrency: 2, memoryLimit: 1GB, threads: 3 }')).toMatchObject({
      memoryLimitBytes: 1e9,
      threads: 3,
    });
  });

  it('shares anew when the command line asks for another number of jobs at once', () => {
    const limits = { memoryBytes: 8e9, cpus: 4, limited: true };
    const config = (worker: string) => {
      const answer = parseConfig(text(worker), { folder: '/' }, {}, limits);
      if (answer.kind === 'faults') throw new Error(JSON.stringify(answer.faults));
      return withConcurrency(answer.config, 4, limits).worker;
    };
    expect(config('{ concurrency: 1 }')).toMatchObject({ concurrency: 4, memoryLimitBytes: 1.2e9, threads: 1 });
    expect(config('{ concurrency: 1, memoryLimit: 1GB }')).toMatchObject({ concurrency: 4, memoryLimitBytes: 1e9 });
  });
});
