import { spawn } from 'node:child_process';
import { mkdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Args, type OpenSide, textOf, textsOf } from '../harness/side.js';
import { digestOf } from './compaction.js';

/** The sources' folder: compiled code runs in dist.bench. */
function scriptPath(name: string): string {
  const here = dirname(fileURLToPath(import.meta.url));
  const folder = here.includes('dist.bench') ? here.replace(/dist\.bench[\\/]bench/, 'bench') : here;
  return join(folder, '..', 'peers', name);
}

/**
 * Starts a Python script of `peers/`; it imports what it needs, prints `ready`, waits for a line, works, prints one JSON
 * line. So its start is not measured either.
 */
async function openScript(args: Args): Promise<{ work: () => Promise<string>; end: () => void }> {
  const child = spawn(textOf(args, 'python'), [scriptPath(textOf(args, 'script')), ...textsOf(args, 'arguments')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let text = '';
  let wake = () => {};
  child.stdout.setEncoding('utf8').on('data', (piece: string) => {
    text += piece;
    wake();
  });
  let over = false;
  child.on('exit', () => {
    over = true;
    wake();
  });
  const line = async (): Promise<string> => {
    for (;;) {
      const at = text.indexOf('\n');
      if (at >= 0) {
        const found = text.slice(0, at);
        text = text.slice(at + 1);
        return found;
      }
      if (over) throw new Error(`${textOf(args, 'script')} ended early`);
      await new Promise<void>((resolve) => (wake = resolve));
    }
  };
  const expectReady = async (): Promise<void> => {
    while ((await line()) !== 'ready');
  };
  await expectReady();
  const work = async () => {
    child.stdin.write('go\n');
    for (;;) {
      const answer = await line();
      if (answer.startsWith('{')) return answer;
    }
  };
  return { work, end: () => void child.kill() };
}

/** A peer that writes one Parquet file, or a folder of them. */
export async function compact(args: Args): Promise<OpenSide> {
  const out = textOf(args, 'out');
  mkdirSync(dirname(out), { recursive: true });
  const { work, end } = await openScript(args);
  const columns = (args['columns'] ?? []) as readonly { name: string; type: string }[];
  const run = async () => {
    await work();
    return { bytes: statSync(out).size };
  };
  const isFolder = () => statSync(out).isDirectory();
  return {
    run,
    digest: () => digestOf([isFolder() ? `${out}/**/*.parquet` : out], columns),
    close: async () => end(),
  };
}

/** A peer that prints what it saw. */
export async function report(args: Args): Promise<OpenSide> {
  const { work, end } = await openScript(args);
  let seen = '';
  const run = async () => {
    seen = await work();
    return {};
  };
  return { run, digest: async () => JSON.parse(seen), close: async () => end() };
}
