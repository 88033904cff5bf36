import type { Command } from 'commander';
import { baseCommand, type CommonOptions, withIo } from '../io.js';
import { exitOfRun, noteLeftovers, runOnce } from '../run/runOnce.js';
import { showSummary } from '../run/showSummary.js';
import { chosenDatasets, withServices } from '../withServices.js';

interface Options extends CommonOptions {
  readonly dataset?: string;
  readonly strict?: boolean;
}

/** `sluice run`. */
export function runCommand(): Command {
  return baseCommand('run', 'once: sweep, process everything to the end, summary, exit')
    .option('--dataset <name>', 'only this one')
    .option('--strict', 'exit 1 when an object was quarantined')
    .action((options: Options) =>
      withIo(options, (io) =>
        withServices(io, { part: 'once' }, async (services) => {
          const { output, signal } = io;
          const report = await runOnce(services, {
            datasets: chosenDatasets(services.config, options.dataset),
            output,
            signal,
          });
          output.answer(report.summary, () => showSummary(output, report.summary));
          noteLeftovers(output, report);
          return exitOfRun(report, options.strict ?? false);
        }),
      ),
    );
}
