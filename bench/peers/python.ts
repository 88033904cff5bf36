import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { cacheFolder } from '../data/cache.js';

/** A Python that can import the module: SLUICE_BENCH_PYTHON, else the cache's `venv`, else `python3`. Undefined: none. */
export function findPython(module: string): string | undefined {
  const named = process.env['SLUICE_BENCH_PYTHON'];
  const candidates = [...(named === undefined ? [] : [named]), join(cacheFolder(), 'venv', 'bin', 'python'), 'python3'];
  return candidates.find((python) => spawnSync(python, ['-c', `import ${module}`], { stdio: 'ignore' }).status === 0);
}

/** The version of a Python module. */
export function versionOf(python: string, module: string): string {
  const script = `import importlib.metadata as m; print(m.version('${module}'))`;
  return spawnSync(python, ['-c', script], { encoding: 'utf8' }).stdout.trim();
}
