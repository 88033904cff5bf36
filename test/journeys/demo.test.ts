import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Client } from 'pg';
import { expect, test } from 'vitest';
import { FLIGHTS } from '../support/flights.js';
import { freshFolder } from '../support/folders.js';
import { openPlainSession } from '../support/plainSession.js';

const bin = fileURLToPath(new URL('../../bin/sluice.mjs', import.meta.url));
const DEMO_MS = 240_000;

/** Per day: rows, and an order-free hash over all columns of all its rows. The same text in DuckDB and in Postgres. */
function dayHashes(source: string, dayOf: string, hash: (text: string) => string): string {
  const row = `concat_ws('|', ${dayOf}, delay, distance, origin, destination)`;
  return `select substr(${dayOf}, 1, 10) as day, count(*)::text as rows, sum(${hash(row)})::text as hash from ${source} group by 1 order by 1`;
}

const inPostgres = dayHashes(
  'flights',
  `to_char(date, 'YYYY-MM-DD HH24:MI:SS')`,
  (text) => `('x' || substr(md5(${text}), 1, 8))::bit(32)::bigint`,
);
const inSource = dayHashes(
  FLIGHTS,
  `strftime(date, '%Y-%m-%d %H:%M:%S')`,
  (text) => `('0x' || substr(md5(${text}), 1, 8))::bigint`,
);

async function sourceDays(): Promise<readonly object[]> {
  const session = await openPlainSession();
  try {
    return await session.query(inSource);
  } finally {
    await session.close();
  }
}

async function targetDays(url: string): Promise<readonly object[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<object>(inPostgres)).rows;
  } finally {
    await client.end();
  }
}

test.each([[[]], [['--pull-the-plug']]])(
  'the demo %j loads the three million rows of its source, each day equal to the last row, and says so on its pages',
  async (flags) => {
    const demo = spawn(process.execPath, [bin, 'demo', '--json', ...flags], {
      cwd: await freshFolder(),
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    try {
      const [line] = await once(createInterface(demo.stdout), 'line');
      const summary = JSON.parse(String(line));
      expect(summary.audit).toEqual({ balanced: true });
      expect(summary.quarantined.map(({ code }: { code: string }) => code).toSorted()).toEqual([
        'OBJECT_TRUNCATED',
        'TYPE_CHANGED',
      ]);
      expect(summary.rows).toMatchObject({ in: 3_000_000, loaded: 3_000_000, quarantined: 0, deduplicated: 0 });
      expect(summary.faults).toHaveLength(flags.length * 2);
      expect(summary.skew.map(({ column }: { column: string }) => column).toSorted()).toEqual([
        'destination',
        'origin',
      ]);
      expect(await targetDays(summary.targets.warehouse)).toEqual(await sourceDays());
      const { queues } = (await (await fetch(`${summary.queues}/api/queues`)).json()) as {
        queues: { name: string; counts: { completed: number } }[];
      };
      expect(queues.find(({ name }) => name === 'compact')?.counts.completed).toBeGreaterThan(0);
      expect(await (await fetch(summary.console)).text()).toContain('flights');
    } finally {
      demo.kill('SIGINT');
      if (demo.exitCode === null) await once(demo, 'exit');
    }
    expect(demo.exitCode).toBe(0);
  },
  DEMO_MS,
);
