import { spawn } from 'node:child_process';
import { mkdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Args, type Json, type OpenSide, textOf, textsOf } from '../harness/side.js';
import { digestOf } from './compaction.js';
import { withClient } from './postgres.js';

/** The sources' folder: compiled code runs in dist.bench. */
function scriptPath(name: string): string {
  const here = dirname(fileURLToPath(import.meta.url));
  const folder = here.includes('dist.bench') ? here.replace(/dist\.bench[\\/]bench/, 'bench') : here;
  return join(folder, '..', 'peers', name);
}

/**
 * Starts a script of `peers/` with its program (a Python, or Node); it imports what it needs, prints `ready`, waits for a line, works, prints one JSON
 * line. So its start is not measured either.
 */
async function openScript(args: Args): Promise<{ work: () => Promise<string>; end: () => void }> {
  const child = spawn(textOf(args, 'program'), [scriptPath(textOf(args, 'script')), ...textsOf(args, 'arguments')], {
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
  let written: readonly string[] = [];
  const run = async () => {
    const answer: { files?: readonly string[] } = JSON.parse(await work());
    written = answer.files ?? [out];
    return { bytes: written.reduce((sum, file) => sum + statSync(file).size, 0) };
  };
  return {
    run,
    digest: () => digestOf(written, columns),
    close: async () => end(),
  };
}

/** A peer that loads files into a table of its own. */
export async function load(args: Args): Promise<OpenSide> {
  const { work, end } = await openScript(args);
  const run = async () => {
    await work();
    return {};
  };
  return { run, digest: () => countRows(textOf(args, 'url'), textOf(args, 'table')), close: async () => end() };
}

/** Rows of a table, the sum of its sequence numbers, and of its prices. */
export async function countRows(url: string, table: string): Promise<Json> {
  return withClient(url, async (client) => {
    const { rows } = await client.query<{ rows: string; seq: string; price: string }>(
      `SELECT count(*)::text AS rows, sum(event_seq)::text AS seq, round(sum(price::numeric), 2)::text AS price FROM ${table}`,
    );
    return { rows: rows[0]?.rows ?? '', seq: rows[0]?.seq ?? '', price: rows[0]?.price ?? '' };
  });
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
