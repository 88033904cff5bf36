import { type ChildProcess, type ForkOptions, fork } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';

/**
 * Forks a module of this source tree, whether it runs compiled (`dist/*.js`) or as TypeScript (`src/*.ts`, in tests).
 * `url` names the module with the extension of the caller's own compiled form: `new URL('./child.js', import.meta.url)`.
 */
export function forkModule(url: URL, args: readonly string[] = [], options: ForkOptions = {}): ChildProcess {
  const path = fileURLToPath(url);
  const fromSource = import.meta.url.endsWith('.ts');
  if (!fromSource) return fork(path, args, { execArgv: [], ...options });
  const loader = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
  return fork(path.replace(/\.js$/, '.ts'), args, { execArgv: ['--import', loader], ...options });
}
