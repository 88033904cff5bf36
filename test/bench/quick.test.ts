import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { FIGURES } from '../../bench/harness/catalogue.js';

const file = z.object({
  mode: z.literal('quick'),
  machine: z.object({ cores: z.int(), node: z.string(), versions: z.record(z.string(), z.string()) }),
  results: z.array(
    z.object({
      name: z.string(),
      ratio: z.number().nullable(),
      unit: z.string(),
      goal: z.number().nullable(),
      direction: z.enum(['at most', 'at least']),
      met: z.boolean().nullable(),
      status: z.enum(['measured', 'not run']),
      runs: z.int(),
      spread: z.tuple([z.number(), z.number()]).nullable(),
      reason: z.string().optional(),
    }),
  ),
});

/** What needs a runtime that may be absent here, or a feature that this version lacks. */
const OPTIONAL = new Set(['compaction/engine-over-polars', 'postgres/upsert-over-append']);
const SUITES = ['profile', 'skew', 'compaction', 'postgres', 'intake', 'queue', 'latency', 'scale', 'simulation'];

it('runs every benchmark on small data, with both sides of each doing the same', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-quick-'));
  try {
    const out = join(folder, 'results.json');
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['scripts/bench.mjs', ...SUITES, '--quick', '--json', '--out', out],
      { env: { ...process.env, SLUICE_BENCH_CACHE: join(folder, 'cache') } },
    );
    const printed = file.parse(JSON.parse(stdout));
    expect(printed).toEqual(file.parse(JSON.parse(await readFile(out, 'utf8'))));
    const missing = printed.results.filter(({ name, status }) => status !== 'measured' && !OPTIONAL.has(name));
    expect(missing).toEqual([]);
    const names = FIGURES.map(({ name }) => name).filter((name) => SUITES.includes(name.split('/')[0] ?? ''));
    expect(printed.results.map(({ name }) => name).sort()).toEqual([...names].sort());
    // Small data says nothing about speed, so nothing is judged.
    expect(printed.results.every(({ met }) => met === null)).toBe(true);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}, 600_000);
