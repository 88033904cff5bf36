import type { Command } from 'commander';
import { baseCommand, type CommonOptions, withIo } from '../io.js';
import { showSweeps, sweepDatasets } from '../sweeps.js';
import { chosenDatasets, withServices } from '../withServices.js';

/** `sluice sweep [D]`. */
export function sweepCommand(): Command {
  return baseCommand('sweep', 'list where files arrive and record what the ledger lacks')
    .argument('[dataset]', 'default: all')
    .action((name: string | undefined, options: CommonOptions) =>
      withIo(options, (io) =>
        withServices(io, { part: 'once' }, async (services) => {
          const sweeps = await sweepDatasets(
            services.workerContext(),
            chosenDatasets(services.config, name),
            io.signal,
          );
          io.output.answer({ datasets: sweeps }, () => showSweeps(io.output, sweeps));
        }),
      ),
    );
}
