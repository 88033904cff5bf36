import { writeFile } from 'node:fs/promises';
import { Command } from 'commander';
import { stringify } from 'yaml';
import { loadConfig } from '../../shared/config/load.js';
import { exportOdcs } from '../../shared/findings/odcs/exportOdcs.js';
import { baseCommand, type CommonOptions, withIo } from '../io.js';
import { namedDataset } from '../withServices.js';
import { readContract } from '../offline/contract.js';

interface ImportOptions extends CommonOptions {
  readonly object?: string;
}

interface ExportOptions extends CommonOptions {
  readonly out?: string;
}

/** `sluice contract import FILE | export DATASET`. */
export function contractCommand(): Command {
  const command = new Command('contract')
    .description('data contracts of the Open Data Contract Standard (ODCS v3.1)')
    .exitOverride();
  command.addCommand(importCommand());
  command.addCommand(exportCommand());
  return command;
}

function importCommand(): Command {
  return baseCommand(
    'import',
    'the columns and checks of a contract, as a dataset has them; what has no place here is named',
  )
    .argument('<file>', 'YAML or JSON')
    .option('--object <name>', 'which object of the contract, where its schema has several')
    .action((file: string, options: ImportOptions) =>
      withIo(options, async ({ output }) => {
        const { notTaken, ...checks } = await readContract(file, options);
        output.answer({ ...checks, notTaken }, () => {
          output.line(stringify(checks, { lineWidth: 0 }).trimEnd());
          for (const { path, why } of notTaken) output.note(`not taken: ${path} (${why})`);
        });
      }),
    );
}

function exportCommand(): Command {
  return baseCommand(
    'export',
    'a dataset as a contract; checks that the standard has no words for are custom ones of sluice',
  )
    .argument('<dataset>')
    .option('--out <file>', 'instead of standard output')
    .action((name: string, options: ExportOptions) =>
      withIo(options, async ({ output, configFile }) => {
        const contract = exportOdcs(namedDataset(loadConfig(configFile), name));
        const text = stringify(contract, { lineWidth: 0 });
        if (options.out !== undefined) await writeFile(options.out, text);
        output.answer(contract, () => output.line(options.out === undefined ? text.trimEnd() : `wrote ${options.out}`));
      }),
    );
}
