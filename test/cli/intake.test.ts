import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { freshDatabase } from '../support/databases.js';
import { freshFolder } from '../support/folders.js';
import { createdRecord, postRecords } from '../support/events.js';

const bin = fileURLToPath(new URL('../../bin/sluice.mjs', import.meta.url));
const TOKEN = 'a-token-of-this-test';

test('sluice intake starts, takes events and ends while Redis is away', async () => {
  const cwd = await freshFolder();
  const config = `version: 1
lake: { url: "s3://lake" }
redis: { url: "redis://127.0.0.1:1" }
ledger: { url: "${await freshDatabase()}" }
intake: { port: 0, webhook: { tokens: [${TOKEN}] } }
datasets: { orders: { source: { prefix: raw/ } } }
`;
  writeFileSync(join(cwd, 'sluice.yaml'), config);
  const intake = spawn(process.execPath, [bin, 'intake', '--json'], { cwd, stdio: ['ignore', 'pipe', 'ignore'] });
  const ended = once(intake, 'exit');
  const [line] = await once(createInterface(intake.stdout), 'line');
  const { intake: url } = JSON.parse(String(line));
  const answer = await postRecords(url, TOKEN, [createdRecord('raw/a.csv', 'e', 3)]);
  expect([answer.status, await answer.json()]).toEqual([200, { accepted: 1, duplicates: 0, ignored: 0 }]);
  intake.kill('SIGINT');
  expect(await ended).toEqual([0, null]);
});
