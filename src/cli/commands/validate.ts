import type { Command } from 'commander';
import { checkConfig, describeFault, readRawConfig } from '../../shared/config/load.js';
import type { ConfigFault } from '../../shared/config/rules.js';
import { findWarnings } from '../../shared/config/modeRules.js';
import { checkChecks } from '../checkChecks.js';
import { checkTransforms } from '../checkTransforms.js';
import { baseCommand, type CommonOptions, withIo } from '../io.js';

/** `sluice validate`. */
export function validateCommand(): Command {
  return baseCommand('validate', 'check the configuration; every fault at once, with line, expected and got').action(
    (options: CommonOptions) =>
      withIo(options, async ({ output, configFile }) => {
        const { path, answer } = checkConfig(configFile);
        const raw = readRawConfig(path);
        const faults: readonly ConfigFault[] = [
          ...(answer.kind === 'faults' ? answer.faults : await checkTransforms(answer.config.datasets)),
          ...(raw === undefined ? [] : await checkChecks(raw)),
        ];
        if (answer.kind === 'faults' || faults.length > 0) {
          output.answer({ valid: false, file: path, faults }, () => {
            output.line(output.paint.bad(`${path}: ${faults.length} faults`));
            for (const fault of faults) output.line(describeFault(fault));
          });
          return 2;
        }
        const { datasets, targets } = answer.config;
        const names = datasets.map(({ name }) => name);
        const warnings = findWarnings(answer.config);
        const valid = { valid: true, file: path, faults: [], warnings };
        output.answer({ ...valid, datasets: names, targets: Object.keys(targets) }, () => {
          output.line(output.paint.good(`${path} is valid: ${names.length} datasets (${names.join(', ')})`));
          for (const warning of warnings) output.line(`  warning: ${warning.path}: ${warning.text}`);
        });
        return 0;
      }),
  );
}
