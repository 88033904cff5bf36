import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openEngine } from '../../src/shared/engine/open.js';
import { openStore } from '../../src/shared/stores/open.js';
import { openBatchScratch } from '../../src/workers/batchScratch.js';
import { freshFolder } from '../support/folders.js';

test('a step that is tried again gets a session with one thread, the one before is closed', async () => {
  const folder = await freshFolder();
  const engine = openEngine({ maxChildren: 1 });
  const lake = openStore(`file://${folder}`, { region: 'us-east-1' }).store;
  const scratch = await openBatchScratch({
    folder: join(folder, 'work'),
    engine,
    lake,
    sourceStore: () => lake,
    memoryLimitBytes: 100e6,
    threads: 3,
  });
  onTestFinished(async () => {
    await scratch.close();
    await engine.close();
  });
  const threads = async () => {
    const [row] = await (await scratch.session()).query("SELECT current_setting('threads')::INTEGER AS n");
    return row?.['n'];
  };
  expect(await threads()).toBe(3);
  await scratch.spare();
  expect(await threads()).toBe(1);
  await scratch.spare();
  expect(await threads()).toBe(1);
});
