import type { Command } from 'commander';
import { stringify } from 'yaml';
import { SluiceError } from '../../shared/errors.js';
import { readDatasetProfile } from '../../shared/findings/datasetProfile.js';
import { suggestChecks } from '../../shared/findings/suggestChecks.js';
import { showDatasetProfile } from '../showDatasetProfile.js';
import { baseCommand, type Io, withIo } from '../io.js';
import { profileInputs } from '../offline/findings.js';
import { formatOption, inputOptions, URIS } from '../offline/options.js';
import { type FindingOptions, withFiles } from '../offline/session.js';
import { exitOf } from '../offline/show.js';
import { showProfile } from '../offline/showFindings.js';
import { namedDataset, withServices } from '../withServices.js';

interface Options extends FindingOptions {
  readonly suggest?: boolean;
  readonly dataset?: string;
}

/** `sluice profile URI...` and `sluice profile --dataset D`. */
export function profileCommand(): Command {
  return inputOptions(
    baseCommand('profile', 'nulls, distinct values, extremes, quantiles and top values of every column'),
  )
    .argument('[uri...]', URIS)
    .addOption(formatOption())
    .option('--suggest', 'print checks that these rows pass, as YAML for a dataset or for `sluice check --contract`')
    .option('--dataset <name>', 'instead of files: the loaded batches of a dataset together, and what drifted')
    .option('--strict', 'exit 1 when a file was quarantined')
    .action((uris: string[], options: Options) =>
      withIo(options, (io) => {
        if ((uris.length === 0) === (options.dataset === undefined))
          throw new SluiceError('USAGE', 'expected either files or --dataset, got both or neither');
        return options.dataset === undefined ? profileFiles(io, uris, options) : profileDataset(io, options.dataset);
      }),
    );
}

async function profileFiles(io: Io, uris: readonly string[], options: Options) {
  const { report, objects } = await withFiles(io, uris, options, (work) => profileInputs(work, options.format));
  if (options.suggest === true) {
    const suggested = suggestChecks(report);
    io.output.answer(suggested, () => io.output.line(stringify(suggested).trimEnd()));
  } else io.output.answer(report, () => showProfile(io.output, report, objects));
  return exitOf(objects, options.strict);
}

function profileDataset(io: Io, name: string) {
  return withServices(io, { part: 'once', queue: false }, async ({ config, ledger }) => {
    const profile = await readDatasetProfile(ledger, namedDataset(config, name).name);
    io.output.answer(profile, () => showDatasetProfile(io.output, profile));
  });
}
