import type { Command } from 'commander';
import { baseCommand, withIo } from '../io.js';
import { formatOption, inputOptions, URIS } from '../offline/options.js';
import { profileInputs } from '../offline/findings.js';
import { exitOf } from '../offline/show.js';
import { type FindingOptions, withFiles } from '../offline/session.js';
import { showProfile } from '../offline/showFindings.js';

/** `sluice profile URI...`. */
export function profileCommand(): Command {
  return inputOptions(
    baseCommand('profile', 'nulls, distinct values, extremes, quantiles and top values of every column'),
  )
    .argument('<uri...>', URIS)
    .addOption(formatOption())
    .option('--strict', 'exit 1 when a file was quarantined')
    .action((uris: string[], options: FindingOptions) =>
      withIo(options, async (io) => {
        const { report, objects } = await withFiles(io, uris, options, (work) => profileInputs(work, options.format));
        io.output.answer(report, () => showProfile(io.output, report, objects));
        return exitOf(objects, options.strict);
      }),
    );
}
