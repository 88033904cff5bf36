import type { Command } from 'commander';
import { baseCommand, type CommonOptions, withIo } from '../io.js';
import { showAlertTroubles } from '../alertTroubles.js';
import { readAsides, showAsides } from '../asides.js';
import { readRemoved, readStatus, showStatus } from '../ledgerViews.js';
import { chosenDatasets, withServices } from '../withServices.js';

/** `sluice status [D]`. */
export function statusCommand(): Command {
  return baseCommand('status', 'objects by state, and the work that is left, of each dataset')
    .argument('[dataset]', 'default: all')
    .action((name: string | undefined, options: CommonOptions) =>
      withIo(options, (io) =>
        withServices(io, { part: 'once', queue: false }, async ({ config, ledger }) => {
          const datasets = await readStatus(ledger, chosenDatasets(config, name));
          const removed = name === undefined ? await readRemoved(ledger, chosenDatasets(config, undefined)) : [];
          const asides = await readAsides(ledger);
          const alerts = await ledger.alerts.troubles(config.alerts.map((receiver) => receiver.name));
          io.output.answer({ datasets, removed, ...asides, alerts }, () => {
            showStatus(io.output, datasets);
            if (removed.length > 0) {
              io.output.line();
              showStatus(io.output, removed, 'no longer in the configuration');
            }
            showAsides(io.output, asides);
            showAlertTroubles(io.output, alerts);
          });
        }),
      ),
    );
}
