import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { sluice } from '../support/sluice.js';

const bin = fileURLToPath(new URL('../../bin/sluice.mjs', import.meta.url));

test('up says on its first line where everything is, loads what lies in its folder, lets other commands join, and ends well', async () => {
  const cwd = mkdtempSync(join(tmpdir(), 'sluice-up-'));
  mkdirSync(join(cwd, 'lake', 'raw'), { recursive: true });
  const config = `version: 1
lake: { url: "file://${join(cwd, 'lake')}" }
intake: { port: 0 }
console: { port: 0 }
targets: { warehouse: { type: postgres } }
datasets:
  orders: { source: { prefix: raw/ }, batch: { maxWait: 0s }, load: [{ target: warehouse, table: orders }] }
`;
  writeFileSync(join(cwd, 'sluice.yaml'), config);
  writeFileSync(join(cwd, 'lake', 'raw', 'before.csv'), 'id\n0\n');
  const up = spawn(process.execPath, [bin, 'up', '--json'], { cwd, stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const [line] = await once(createInterface(up.stdout), 'line');
    const { ready, console, queues, intake, targets } = JSON.parse(String(line));
    expect([ready, targets.warehouse.startsWith('postgres')]).toEqual([true, true]);
    for (const url of [console, queues]) expect((await fetch(url)).status).toBe(200);
    expect((await fetch(intake, { method: 'POST', body: '{}' })).status).toBe(400);

    // What lay in the folder before is found without an event, a schedule or a command.
    for (let loaded = false; !loaded;) {
      loaded = (await sluice(['status', '--json'], { cwd })).stdout.includes('"loaded":1');
    }
    writeFileSync(join(cwd, 'lake', 'raw', 'a.csv'), 'id\n1\n2\n');
    expect((await sluice(['sweep', '--json'], { cwd })).status).toBe(0);
    for (let loaded = false; !loaded;) {
      loaded = (await sluice(['status', '--json'], { cwd })).stdout.includes('"loaded":2');
    }
    const { stdout } = await sluice(['sql', 'SELECT count(*) AS n FROM orders', '--json'], { cwd });
    expect(JSON.parse(stdout).rows).toEqual([{ n: 3 }]);
  } finally {
    const ended = once(up, 'exit');
    up.kill('SIGINT');
    expect(await ended).toEqual([0, null]);
    rmSync(cwd, { recursive: true, force: true });
  }
});

test('up says which port is taken, and what to do about it', async () => {
  const cwd = mkdtempSync(join(tmpdir(), 'sluice-up-'));
  mkdirSync(join(cwd, 'lake'));
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const address = other.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  writeFileSync(
    join(cwd, 'sluice.yaml'),
    `version: 1
lake: { url: "file://${cwd}/lake" }
intake: { port: 0 }
console: { port: ${port} }
datasets: { orders: { source: { prefix: raw/ } } }
`,
  );
  try {
    const { status, stdout } = await sluice(['up', '--json'], { cwd });
    expect([status, JSON.parse(stdout)]).toEqual([
      3,
      {
        error: expect.objectContaining({
          code: 'PORT_TAKEN',
          message: expect.stringContaining(`127.0.0.1:${port}`),
          mend: expect.stringContaining('console.port'),
        }),
      },
    ]);
  } finally {
    other.close();
    rmSync(cwd, { recursive: true, force: true });
  }
});
