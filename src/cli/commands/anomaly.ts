import { Command } from 'commander';
import { listAnomalies } from '../../shared/findings/listAnomalies.js';
import { ackAnomaly, showAck, showAnomalies } from '../anomalies.js';
import { baseCommand, type CommonOptions, withIo } from '../io.js';
import { countOption } from '../offline/options.js';
import { chosenDatasets, withServices } from '../withServices.js';

/** `sluice anomaly list [D]`, `ack ID`. */
export function anomalyCommand(): Command {
  const command = new Command('anomaly')
    .description('figures that are unusual for their dataset: look at them, accept them')
    .exitOverride();
  for (const sub of [listCommand(), ackCommand()]) command.addCommand(sub);
  return command;
}

interface ListOptions extends CommonOptions {
  readonly limit: number;
  readonly all?: boolean;
}

function listCommand(): Command {
  return baseCommand('list', 'open anomalies, and how much each dataset has to compare with')
    .argument('[dataset]', 'default: all')
    .option('--all', 'those that were accepted, too')
    .option('--limit <n>', 'at most so many', countOption, 100)
    .action((name: string | undefined, options: ListOptions) =>
      withIo(options, (io) =>
        withServices(io, { part: 'once', queue: false }, async ({ config, ledger }) => {
          const datasets = chosenDatasets(config, name);
          const report = await listAnomalies(
            { config, ledger },
            { datasets, all: options.all ?? false, limit: options.limit },
          );
          io.output.answer(report, () => showAnomalies(io.output, report));
        }),
      ),
    );
}

interface AckOptions extends CommonOptions {
  readonly once?: boolean;
  readonly by?: string;
  readonly why?: string;
}

function ackCommand(): Command {
  return baseCommand('ack', 'accept an anomaly as the new normal: what was before it no longer counts')
    .argument('<id>')
    .option('--once', 'an exception: the normal stays as it was')
    .option('--by <name>', 'who decides (default: the user of this system)')
    .option('--why <text>', 'the reason, kept with the decision')
    .action((id: string, options: AckOptions) =>
      withIo(options, (io) =>
        withServices(io, { part: 'once', queue: false }, async ({ ledger }) => {
          const as = options.once === true ? 'once' : 'normal';
          const report = await ackAnomaly(ledger, { id, as, by: options.by, why: options.why });
          io.output.answer(report, () => showAck(io.output, report));
        }),
      ),
    );
}
