import type { Command } from 'commander';
import { auditDatasets, auditDeeply, showAudit } from '../audit.js';
import { baseCommand, type CommonOptions, withIo } from '../io.js';
import { chosenDatasets, withServices } from '../withServices.js';

interface Options extends CommonOptions {
  readonly deep?: boolean;
}

/** `sluice audit [D] [--deep]`. */
export function auditCommand(): Command {
  return baseCommand('audit', 'count every object through to the targets; exit 1 when anything does not balance')
    .argument('[dataset]', 'default: all')
    .option('--deep', 'also compare the rows of every table with the artifacts, and name those that differ')
    .action((name: string | undefined, options: Options) =>
      withIo(options, (io) =>
        withServices(io, { part: 'once', queue: false }, async (services) => {
          const audit = options.deep === true ? auditDeeply : auditDatasets;
          const report = await audit(services, chosenDatasets(services.config, name), io.signal);
          io.output.answer(report, () => showAudit(io.output, report));
          return report.balanced ? 0 : 1;
        }),
      ),
    );
}
