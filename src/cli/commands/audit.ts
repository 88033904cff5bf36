import type { Command } from 'commander';
import { auditDatasets, showAudit } from '../audit.js';
import { baseCommand, type CommonOptions, withIo } from '../io.js';
import { chosenDatasets, withServices } from '../withServices.js';

/** `sluice audit [D]`. */
export function auditCommand(): Command {
  return baseCommand('audit', 'count every object through to the targets; exit 1 when anything does not balance')
    .argument('[dataset]', 'default: all')
    .action((name: string | undefined, options: CommonOptions) =>
      withIo(options, (io) =>
        withServices(io, { part: 'once', queue: false }, async (services) => {
          const report = await auditDatasets(services, chosenDatasets(services.config, name), io.signal);
          io.output.answer(report, () => showAudit(io.output, report));
          return report.balanced ? 0 : 1;
        }),
      ),
    );
}
