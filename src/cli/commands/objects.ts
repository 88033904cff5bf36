import { type Command, Option } from 'commander';
import { OBJECT_STATES, type ObjectState } from '../../shared/ledger/port.js';
import { baseCommand, type CommonOptions, withIo } from '../io.js';
import { listObjects, showObjects } from '../ledgerViews.js';
import { countOption } from '../offline/options.js';
import { namedDataset, withServices } from '../withServices.js';

interface Options extends CommonOptions {
  readonly state?: ObjectState;
  readonly limit: number;
}

/** `sluice objects D`. */
export function objectsCommand(): Command {
  return baseCommand('objects', 'the objects of a dataset, the newest first')
    .argument('<dataset>')
    .addOption(new Option('--state <state>', 'only those in this state').choices(OBJECT_STATES))
    .option('--limit <n>', 'at most so many', countOption, 100)
    .action((name: string, options: Options) =>
      withIo(options, (io) =>
        withServices(io, { part: 'once', queue: false }, async ({ config, ledger }) => {
          const objects = await listObjects(ledger, { ...options, dataset: namedDataset(config, name).name });
          io.output.answer({ objects }, () => showObjects(io.output, objects));
        }),
      ),
    );
}
