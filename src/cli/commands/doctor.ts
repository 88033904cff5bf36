import type { Command } from 'commander';
import { SluiceError } from '../../shared/errors.js';
import { judgeTable, readTableFacts, type TableFinding } from '../../shared/warehouses/postgres/inspectTable.js';
import { baseCommand, type CommonOptions, withIo } from '../io.js';
import type { Services } from '../services.js';
import { withServices } from '../withServices.js';

interface Options extends CommonOptions {
  readonly target: string;
}

/** `sluice doctor --target T`. */
export function doctorCommand(): Command {
  return baseCommand('doctor', 'looks at the tables of a Postgres target: rights, bloat, statistics, indexes')
    .requiredOption('--target <name>', 'a name under targets')
    .action((options: Options) =>
      withIo(options, (io) =>
        withServices(io, { part: 'once', queue: false }, async (services) => {
          const findings = await inspectTarget(services, options.target);
          const { output } = io;
          output.answer({ target: options.target, findings }, () => {
            output.table(
              ['table', 'check', 'verdict', 'found'],
              findings.map(({ table, check, verdict, text }) => [table, check, verdict, text]),
            );
            for (const { table, mend } of findings) if (mend !== undefined) output.line(`${table}: ${mend}`);
          });
          return findings.some(({ verdict }) => verdict === 'fail') ? 1 : 0;
        }),
      ),
    );
}

/** Looks at every table that the configuration loads into a Postgres target. Throws USAGE for other targets, and the target's errors. */
export async function inspectTarget(
  { config, warehouse }: Pick<Services, 'config' | 'warehouse'>,
  name: string,
): Promise<readonly TableFinding[]> {
  const target = config.targets[name];
  if (target?.type !== 'postgres') {
    const names = Object.keys(config.targets).filter((one) => config.targets[one]?.type === 'postgres');
    throw new SluiceError(
      'USAGE',
      `expected --target, a target of type postgres (${names.join(', ') || 'none in the configuration'}), got ${name}`,
    );
  }
  const loads = config.datasets.flatMap(({ load }) => load).filter((load) => load.target === name);
  const findings: TableFinding[] = [];
  for (const { table, mode } of loads)
    findings.push(...judgeTable(await readTableFacts(warehouse(name), { table, mode, schema: target.schema })));
  return findings;
}
