import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventFiles } from './data/events.js';
import { runSide } from './harness/runSide.js';
import { rounded } from './harness/statistics.js';
import { openBenchS3, openBenchServices } from './services.js';
import type { Bench } from './suite.js';
import { partOf, putAll } from './suites/compaction.js';

type Part = { readonly seconds: number; readonly calls: number };
type StepPart = Part & { readonly cpuSeconds: number };

/** Where the time of a whole job goes: one large batch, then many small ones. */
export interface Breakdown {
  readonly title: string;
  readonly batches: number;
  readonly wallSeconds: number;
  readonly cpuSeconds: number;
  readonly steps: Readonly<Record<string, StepPart>>;
  readonly parts: Readonly<Record<string, Part>>;
}

/** Prints both breakdowns as tables, or as one JSON document. */
export async function printBreakdown(bench: Bench, json: boolean): Promise<void> {
  const size = bench.quick ? { rows: 20_000, files: 20 } : partOf({ rows: 4_000_000, files: 2000 }, bench.part);
  const large = await measure(bench, `one batch of ${size.files} Parquet files`, {
    files: await eventFiles(size, 'parquet'),
    maxFiles: size.files,
  });
  const count = bench.quick ? 3 : 50;
  const small = await measure(bench, `${count} batches of one CSV file of 100 rows`, {
    files: smallFiles(join(bench.scratch, 'csv'), count),
    maxFiles: 1,
  });
  if (json) process.stdout.write(`${JSON.stringify([large, small])}\n`);
  else process.stdout.write(`${render(large)}\n${render(small)}`);
}

async function measure(
  bench: Bench,
  title: string,
  { files, maxFiles }: { files: readonly string[]; maxFiles: number },
): Promise<Breakdown> {
  const scratch = join(bench.scratch, String(maxFiles));
  const services = await openBenchServices(scratch);
  const s3 = await openBenchS3(scratch);
  try {
    await putAll(s3, files, 'raw/');
    const { wallSeconds, cpuSeconds, answer } = await runSide({
      title,
      module: 'breakdown',
      name: 'batches',
      counted: services.pids,
      args: {
        maxFiles,
        counted: services.pids,
        scratch: join(scratch, 'sluice'),
        s3Url: s3.url,
        redisUrl: services.redisUrl,
        ledgerUrl: await services.freshDatabase(),
        targetUrl: await services.freshDatabase(),
      },
    });
    const { steps, parts } = answer.facts as unknown as Pick<Breakdown, 'steps' | 'parts'>;
    return { title, batches: Math.ceil(files.length / maxFiles), wallSeconds, cpuSeconds, steps, parts };
  } finally {
    await s3.close();
    await services.close();
  }
}

function smallFiles(folder: string, count: number): readonly string[] {
  mkdirSync(folder, { recursive: true });
  return Array.from({ length: count }, (_, file) => {
    const path = join(folder, `readings-${file}.csv`);
    const lines = Array.from({ length: 100 }, (_, row) => `${file},${row},${(row * 1.5).toFixed(2)},sensor ${row % 7}`);
    writeFileSync(path, `file,row,value,name\n${lines.join('\n')}\n`);
    return path;
  });
}

function render({ title, batches, wallSeconds, cpuSeconds, steps, parts }: Breakdown): string {
  const perBatch = (seconds: number) => `${rounded((seconds / batches) * 1000)} ms`.padStart(12);
  const lines = [`${title}: per batch ${perBatch(wallSeconds).trim()}, CPU ${perBatch(cpuSeconds).trim()}`];
  for (const [step, part] of Object.entries(steps)) {
    lines.push(`  ${step.padEnd(34)}${perBatch(part.seconds)}   CPU${perBatch(part.cpuSeconds)}`);
    lines.push(...partLines(parts, step, perBatch));
  }
  lines.push(
    '  between the steps and plan',
    ...partLines(parts, 'between', perBatch),
    ...partLines(parts, 'plan', perBatch),
  );
  return `${lines.join('\n')}\n`;
}

function partLines(parts: Breakdown['parts'], step: string, perBatch: (seconds: number) => string): readonly string[] {
  return Object.entries(parts)
    .filter(([name]) => name.startsWith(`${step}: `))
    .map(([name, { seconds, calls }]) => `    ${name.padEnd(32)}${perBatch(seconds)}   ${calls} calls`);
}
