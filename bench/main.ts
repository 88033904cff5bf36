import { mkdirSync, mkdtempSync, rmSync, chmodSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { FIGURES } from './harness/catalogue.js';
import { loadNow, readMachine } from './harness/machine.js';
import { renderTable, type ResultFile, writeResults } from './harness/report.js';
import { notRun, type Result } from './harness/result.js';
import { Refused } from './harness/runPairs.js';
import { publish } from './publish.js';
import type { Bench } from './suite.js';
import { DEFAULT_SUITES, isSuite, loadSuite, SUITES, type SuiteName } from './suites.js';

const USAGE = `npm run bench -- [SUITE...] [options]

suites: ${SUITES.join(', ')} (default: all but simulation)
  --json        print one JSON document on standard output
  --quick       small data, one pair: whether the benchmarks still run
  --part F      a part of the data (0.1: a tenth), for a shorter run
  --pairs N     pairs of each comparison (default 5)
  --profile     where the time of the whole job goes, step by step
  --publish     take the result files given instead of suites into docs/performance.{json,svg,md}
  --out FILE    result file (default bench/results/<time>.json)`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    profile: { type: 'boolean', default: false },
    pairs: { type: 'string' },
    part: { type: 'string', default: '1' },
    publish: { type: 'boolean', default: false },
    out: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

const note = (text: string) => void process.stderr.write(`${text}\n`);
if (values.publish) {
  publish(positionals, join(process.cwd(), 'docs'));
  process.exit(0);
}
const unknown = positionals.filter((name) => !isSuite(name));
if (values.help || unknown.length > 0) {
  note(unknown.length > 0 ? `expected a suite, got ${unknown.join(', ')}\n\n${USAGE}` : USAGE);
  process.exit(unknown.length > 0 ? 2 : 0);
}
const chosen = positionals.length === 0 ? DEFAULT_SUITES : positionals.filter(isSuite);
const status = await main(chosen);
process.stdout.write('', () => process.exit(status));

async function main(suites: readonly SuiteName[]): Promise<number> {
  const before = loadNow();
  const startedAt = new Date();
  const results: Result[] = [];
  const faults: string[] = [];
  const scratch = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
  chmodSync(scratch, 0o711); // as root, Postgres runs as another user, who must be able to pass through
  const bench: Bench = {
    quick: values.quick,
    part: Number(values.part),
    pairs: Number(values.pairs ?? (values.quick ? 1 : 5)),
    warmUp: !values.quick,
    scratch,
    note,
    // Small data says nothing about speed, so nothing is judged.
    add: (...lines) => void results.push(...lines.map((line) => (values.quick ? { ...line, met: null } : line))),
  };
  const folder = join(process.cwd(), 'bench', 'results');
  mkdirSync(folder, { recursive: true });
  const path = values.out ?? join(folder, `${startedAt.toISOString().replaceAll(':', '-').slice(0, 19)}.json`);
  const save = (): ResultFile => {
    const file: ResultFile = {
      startedAt: startedAt.toISOString(),
      seconds: Math.round((Date.now() - startedAt.getTime()) / 1000),
      mode: values.quick ? 'quick' : 'full',
      part: Number(values.part),
      suites,
      machine: readMachine(),
      load: { before, after: loadNow() },
      results,
    };
    writeResults(path, file);
    return file;
  };
  try {
    if (values.profile) suites = [];
    for (const name of suites) {
      await runSuite(name, bench, { results, faults });
      save(); // a long run that is ended early leaves what it has
    }
    if (values.profile) await (await import('./breakdown.js')).printBreakdown(bench, values.json);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  if (values.profile) return 0;
  const file = save();
  if (values.json) process.stdout.write(`${JSON.stringify(file)}\n`);
  else process.stdout.write(`${renderTable(file)}\n${path}\n`);
  for (const fault of faults) note(fault);
  return faults.length > 0 ? 1 : 0;
}

async function runSuite(
  name: SuiteName,
  bench: Bench,
  { results, faults }: { results: Result[]; faults: string[] },
): Promise<void> {
  note(`${name}:`);
  let reason = 'the suite does not give it yet';
  const scratch = join(bench.scratch, name);
  mkdirSync(scratch, { mode: 0o711 });
  try {
    await (
      await loadSuite(name)
    )({ ...bench, scratch });
  } catch (error) {
    reason = error instanceof Error ? error.message : String(error);
    faults.push(`${name}: ${error instanceof Refused ? reason : error instanceof Error ? error.stack : reason}`);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  const done = new Set(results.map((result) => result.name));
  for (const figure of FIGURES)
    if (figure.name.startsWith(`${name}/`) && !done.has(figure.name))
      results.push(notRun(figure.name, firstLine(reason)));
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? '';
}
