import type { Command } from 'commander';
import { formatBytes } from '../../console/format.js';
import { costOf } from '../cost.js';
import { baseCommand, type CommonOptions, withIo } from '../io.js';
import { namedDataset, withServices } from '../withServices.js';

/** `sluice cost [D]`. */
export function costCommand(): Command {
  return baseCommand(
    'cost',
    'what the files cost as they arrived and as artifacts, by published prices and the ledger’s own sizes',
  )
    .argument('[dataset]', 'default: all')
    .action((name: string | undefined, options: CommonOptions) =>
      withIo(options, (io) =>
        withServices(io, { part: 'once', queue: false }, async ({ config, ledger }) => {
          const dataset = name === undefined ? undefined : namedDataset(config, name).name;
          const costs = (await ledger.read.sizes(dataset)).map((sizes) => ({ ...sizes, costs: costOf(sizes) }));
          io.output.answer({ costs, currency: 'USD' }, () => {
            for (const { dataset: title, files, bytesIn, artifacts, bytesOut, costs: rows } of costs) {
              io.output.line(
                `${title}: ${files} files, ${formatBytes(bytesIn)} -> ${artifacts} artifacts, ${formatBytes(bytesOut)}`,
              );
              io.output.table(
                ['USD', 'as files', 'as artifacts', ''],
                rows.map(({ what, before, after, how }) => [what, money(before), money(after), how]),
              );
            }
            if (costs.length === 0) io.output.line('Nothing is compacted yet.');
          });
        }),
      ),
    );
}

function money(usd: number): string {
  return usd === 0 ? '0' : usd < 0.01 ? usd.toPrecision(2) : usd.toFixed(2);
}
