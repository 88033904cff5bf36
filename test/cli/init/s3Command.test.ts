import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { runProgram } from '../../../src/cli/program.js';
import { freshFolder } from '../../support/folders.js';

async function initS3(...args: readonly string[]) {
  const written: string[] = [];
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((text) => written.push(String(text)) > 0);
  onTestFinished(() => {
    write.mockRestore();
    process.exitCode = undefined;
  });
  await runProgram(['node', 'sluice', 'init', 's3', ...args]);
  return { text: written.join(''), exit: process.exitCode };
}

async function configFile() {
  const file = join(await freshFolder(), 'mine.yaml');
  await writeFile(
    file,
    'version: 1\nlake: { url: s3://acme-lake }\ntargets: {}\ndatasets: { orders: { source: { prefix: raw/orders/ } } }\n',
  );
  return file;
}

test('prints for the configuration that --config names', async () => {
  const { text, exit } = await initS3('--config', await configFile());
  expect(exit).toBe(0);
  expect(text).toContain('filter_prefix = "raw/orders/"');
});

test('prints one JSON document where --json asks for it', async () => {
  const { text, exit } = await initS3('--json', '--form', 'policies', '--config', await configFile());
  expect(exit).toBe(0);
  expect(JSON.parse(text)).toMatchObject({ buckets: [{ bucket: 'acme-lake' }] });
});
