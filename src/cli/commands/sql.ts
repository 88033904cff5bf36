import type { Command } from 'commander';
import { askTarget } from '../askTarget.js';
import { baseCommand, type CommonOptions, withIo } from '../io.js';
import { withServices } from '../withServices.js';

interface Options extends CommonOptions {
  readonly target?: string;
}

/** `sluice sql "SELECT ..."`. */
export function sqlCommand(): Command {
  return baseCommand('sql', 'ask a target; an embedded one is started for it')
    .argument('<statement>')
    .option('--target <name>', 'default: the only one')
    .action((statement: string, options: Options) =>
      withIo(options, (io) =>
        withServices(io, { part: 'once', queue: false }, async (services) => {
          const { columns, rows } = await askTarget(services, { statement, target: options.target });
          io.output.answer({ columns, rows }, () =>
            io.output.table(
              columns,
              rows.map((row) => columns.map((name) => row[name])),
            ),
          );
        }),
      ),
    );
}
