import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { listAside } from '../../src/cli/quarantine.js';
import { openServices } from '../../src/cli/services.js';
import { startRedis } from '../../src/embedded/redis/startRedis.js';
import { loadConfig } from '../../src/shared/config/load.js';
import { forkModule } from '../../src/shared/processes.js';
import { silentLog } from '../../src/shared/telemetry/log.js';
import { MAX_CRASHES } from '../../src/workers/backoff.js';
import { startWorker } from '../../src/workers/main.js';
import { freshDatabase } from '../support/databases.js';
import { freshFolder } from '../support/folders.js';

test('a batch that kills one worker after another is given up after five, and the next worker lives', async () => {
  const folder = await freshFolder();
  const redis = await startRedis({ dir: join(folder, 'redis') });
  await mkdir(join(folder, 'lake/raw/orders'), { recursive: true });
  await writeFile(join(folder, 'lake/raw/orders/a.csv'), 'id\n1\n');
  const path = join(folder, 'sluice.yaml');
  await writeFile(
    path,
    `version: 1
lake: { url: "file://${join(folder, 'lake')}" }
redis: { url: "${redis.url}" }
ledger: { url: "${await freshDatabase()}" }
datasets: { orders: { source: { prefix: raw/orders/ }, batch: { maxWait: 0s } } }
`,
  );
  const config = loadConfig(path);
  const services = await openServices({ config, logger: silentLog });
  onTestFinished(async () => {
    await services.close();
    await redis.close();
  });
  const context = services.workerContext();
  await context.sweep(config.datasets[0]!, new AbortController().signal);

  for (let death = 1; death <= MAX_CRASHES; death++) {
    const child = forkModule(new URL('../support/dyingWorker.js', import.meta.url), [path], { stdio: 'ignore' });
    onTestFinished(() => void child.kill('SIGKILL'));
    const ended = once(child, 'exit');
    const [holder] = await once(child, 'message');
    expect(await ended).toEqual([null, 'SIGKILL']);
    // Whoever supervises the workers saw the end; the jobs of the dead are gone with Redis.
    expect(await services.ledger.recovery.expireHolder(String(holder))).toBe(1);
    await services.queue().flush();
  }

  const worker = await startWorker({ context });
  const failed = async () => (await services.ledger.recovery.backlog()).some(({ failedSteps }) => failedSteps === 1);
  while (!(await failed())) await new Promise((resolve) => setTimeout(resolve, 20));
  expect(await listAside(services.ledger, { dataset: 'orders', limit: 10 })).toMatchObject([
    { kind: 'batch', code: 'STEP_CRASHED', reason: expect.stringContaining('5 dead workers') },
  ]);
  await worker.stop(0);
});
