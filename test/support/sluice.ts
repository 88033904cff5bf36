import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';

const loader = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

export interface SluiceAnswer {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command line as a process. The environment is the test's, with `env` on top. */
export function sluice(
  args: readonly string[],
  { cwd, env = {} }: { cwd: string; env?: Record<string, string> },
): Promise<SluiceAnswer> {
  return new Promise((resolve) => {
    const options = { cwd, env: { ...process.env, ...env }, maxBuffer: 64e6 };
    const child = execFile(process.execPath, ['--import', loader, main, ...args], options, (_error, stdout, stderr) =>
      resolve({ status: child.exitCode ?? -1, stdout, stderr }),
    );
  });
}
