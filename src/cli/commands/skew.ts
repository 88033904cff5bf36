import type { Command } from 'commander';
import { baseCommand, withIo } from '../io.js';
import { skewInputs } from '../offline/findings.js';
import { formatOption, inputOptions, listOption, numberOption, URIS } from '../offline/options.js';
import { type FindingOptions, withFiles } from '../offline/session.js';
import { exitOf } from '../offline/show.js';
import { showSkew } from '../offline/showFindings.js';

interface Options extends FindingOptions {
  readonly key: readonly string[];
  readonly threshold: number;
}

/** `sluice skew URI... --key K [--join URI]`. */
export function skewCommand(): Command {
  return inputOptions(baseCommand('skew', 'hot keys, how unevenly rows fall into partitions, and what to do about it'))
    .argument('<uri...>', URIS)
    .requiredOption('--key <columns>', 'the columns of the key (a or a,b)', listOption)
    .option('--join <uri>', 'files that have the key too: rows that a join loses and multiplies, and its balance')
    .option('--threshold <times>', 'skewed when the largest key has this many times the mean rows', numberOption, 10)
    .addOption(formatOption())
    .option('--strict', 'exit 1 when a file was quarantined')
    .action((uris: string[], options: Options) =>
      withIo(options, async (io) => {
        const { report, objects } = await withFiles(io, uris, options, (work) => skewInputs(work, options));
        io.output.answer(report, () => showSkew(io.output, report, objects));
        return exitOf(objects, options.strict);
      }),
    );
}
