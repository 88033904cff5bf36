import { mkdirSync } from 'node:fs';
import { openServices } from '../../src/cli/services.js';
import { parseConfig } from '../../src/shared/config/load.js';
import { startWorker } from '../../src/workers/main.js';
import { type Args, numberOf, type OpenSide, textOf } from '../harness/side.js';
import { countRows } from './python.js';

/** Everything Sluice does to a folder of files: sweep, plan, compact, profile, skew, check, load, with one worker. */
export async function folder(args: Args): Promise<OpenSide> {
  const scratch = textOf(args, 'scratch');
  mkdirSync(scratch, { recursive: true });
  const files = numberOf(args, 'files');
  const text = `
version: 1
lake: { url: "file://${scratch}" }
redis: { url: "${textOf(args, 'redisUrl')}" }
ledger: { url: "${textOf(args, 'ledgerUrl')}" }
targets: { warehouse: { type: postgres, url: "${textOf(args, 'url')}" } }
worker: { concurrency: 2, memoryLimit: 2GB, threads: 2 }
datasets:
  events:
    source: { url: "file://${textOf(args, 'folder')}" }
    batch: { maxWait: 0s }
    load: [{ target: warehouse, table: events, mode: append }]`;
  const answer = parseConfig(text, { folder: scratch }, {});
  if (answer.kind !== 'config') throw new Error(JSON.stringify(answer.faults));
  const { config } = answer;
  const services = await openServices({ config });
  // The ledger is new for each run: jobs that Redis still remembers of the run before would hold this one's up.
  await services.queue().flush();
  const context = services.workerContext({ closeNow: true });
  const worker = await startWorker({ context });
  const run = async () => {
    for (const dataset of config.datasets) await context.sweep(dataset, new AbortController().signal);
    for (;;) {
      const counts = await context.ledger.objects.counts();
      const done = counts.filter(({ state }) => state === 'loaded').reduce((sum, { objects }) => sum + objects, 0);
      if (done >= files) return {};
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  const close = async () => {
    await worker.stop(1000);
    await services.close();
  };
  return { run, digest: () => countRows(textOf(args, 'url'), 'events'), close };
}
