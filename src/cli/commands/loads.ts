import type { Command } from 'commander';
import { listCopies, showCopies } from '../copies.js';
import { baseCommand, type CommonOptions, withIo } from '../io.js';
import { listLoads, showLoads } from '../ledgerViews.js';
import { countOption } from '../offline/options.js';
import { namedDataset, withServices } from '../withServices.js';

interface Options extends CommonOptions {
  readonly limit: number;
}

/** `sluice loads D`. */
export function loadsCommand(): Command {
  return baseCommand(
    'loads',
    'what was loaded into which table, the newest first, and what is flowing into Postgres now; into Snowflake with expected credits',
  )
    .argument('<dataset>')
    .option('--limit <n>', 'at most so many', countOption, 100)
    .action((name: string, options: Options) =>
      withIo(options, (io) =>
        withServices(io, { part: 'once', queue: false }, async ({ config, ledger, warehouse }) => {
          const dataset = namedDataset(config, name);
          const loads = await listLoads(ledger, { config, dataset, limit: options.limit });
          const copying = await listCopies({ targets: config.targets, warehouse, note: io.output.note }, dataset);
          io.output.answer({ loads, copying }, () => {
            showCopies(io.output, copying);
            showLoads(io.output, loads);
          });
        }),
      ),
    );
}
