import type { Command } from 'commander';
import { baseCommand, type CommonOptions, withIo } from '../io.js';
import { listBatches, showBatches } from '../ledgerViews.js';
import { countOption } from '../offline/options.js';
import { namedDataset, withServices } from '../withServices.js';

interface Options extends CommonOptions {
  readonly limit: number;
}

/** `sluice batches D`. */
export function batchesCommand(): Command {
  return baseCommand('batches', 'the batches of a dataset, the newest first')
    .argument('<dataset>')
    .option('--limit <n>', 'at most so many', countOption, 100)
    .action((name: string, options: Options) =>
      withIo(options, (io) =>
        withServices(io, { part: 'once', queue: false }, async ({ config, ledger }) => {
          const batches = await listBatches(ledger, namedDataset(config, name).name, options.limit);
          io.output.answer({ batches }, () => showBatches(io.output, batches));
        }),
      ),
    );
}
