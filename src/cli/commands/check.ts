import type { Command } from 'commander';
import { baseCommand, withIo } from '../io.js';
import { readContract } from '../offline/contract.js';
import { checkInputs } from '../offline/findings.js';
import { formatOption, inputOptions, URIS } from '../offline/options.js';
import { type FindingOptions, withFiles } from '../offline/session.js';
import { checkReferences } from '../offline/references.js';
import { exitOf } from '../offline/show.js';
import { showChecks } from '../offline/showFindings.js';

interface Options extends FindingOptions {
  readonly contract: string;
  readonly object?: string;
}

/** `sluice check URI... --contract FILE`. */
export function checkCommand(): Command {
  return inputOptions(baseCommand('check', 'judge files by a contract; exit 1 when a check fails'))
    .argument('<uri...>', URIS)
    .requiredOption('--contract <file>', 'YAML with the columns and checks of a dataset, or a contract of ODCS v3.1')
    .option('--object <name>', 'which object of an ODCS contract, where its schema has several')
    .addOption(formatOption())
    .option('--reference <name=uri>', 'files of a dataset that checks refer to (repeatable)', collect)
    .option('--strict', 'exit 1 when a file was quarantined')
    .action((uris: string[], options: Options) =>
      withIo(options, async (io) => {
        const contract = await readContract(options.contract, options);
        for (const { path, why } of contract.notTaken) io.output.note(`not taken: ${path} (${why})`);
        checkReferences(contract, options.reference);
        const { report, objects } = await withFiles(io, uris, options, (work) =>
          checkInputs(work, options.format, contract),
        );
        io.output.answer(report, () => showChecks(io.output, report, objects));
        return report.verdict === 'fail' ? 1 : exitOf(objects, options.strict);
      }),
    );
}

function collect(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}
