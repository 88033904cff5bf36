import { InvalidArgumentError, type Command } from 'commander';
import { baseCommand, type CommonOptions, withIo } from '../io.js';
import { countOption } from '../offline/options.js';
import { decideAside, showDecided } from '../quarantine.js';
import { acceptSchema, diffVersions, readSchemaReport, showAccepted, showDifferences, showSchema } from '../schema.js';
import { planTables, showTables } from '../schemaTables.js';
import { systemUser } from '../systemUser.js';
import { namedDataset, withServices } from '../withServices.js';

/** `sluice schema D`, `schema diff D V1 V2`, `schema accept D`. */
export function schemaCommand(): Command {
  const command = baseCommand(
    'schema',
    'the versions of a dataset’s schema, who changed it and why, and what breaks it now',
  )
    .argument('<dataset>')
    .action((name: string, options: CommonOptions) =>
      withIo(options, (io) =>
        withServices(io, { part: 'once', queue: false }, async ({ config, ledger }) => {
          const report = await readSchemaReport(ledger, namedDataset(config, name).name);
          io.output.answer(report, () => showSchema(io.output, report));
        }),
      ),
    );
  command.addCommand(diffCommand());
  command.addCommand(acceptCommand());
  return command;
}

function diffCommand(): Command {
  return baseCommand('diff', 'what changed from one version to another')
    .argument('<dataset>')
    .argument('<from>', 'a version', countOption)
    .argument('<to>', 'a version', countOption)
    .action((name: string, from: number, to: number, options: CommonOptions) =>
      withIo(options, (io) =>
        withServices(io, { part: 'once', queue: false }, async ({ config, ledger }) => {
          const report = await readSchemaReport(ledger, namedDataset(config, name).name);
          const differences = diffVersions(report, from, to);
          io.output.answer({ dataset: report.dataset, from, to, differences }, () =>
            showDifferences(io.output, differences),
          );
        }),
      ),
    );
}

interface AcceptOptions extends CommonOptions {
  readonly as?: ReadonlyMap<string, string>;
  readonly replay?: boolean;
  readonly by?: string;
  readonly why?: string;
}

function acceptCommand(): Command {
  return baseCommand('accept', 'change the schema so that it takes the quarantined objects that break it')
    .argument('<dataset>')
    .option('--as <column=type>', 'the type a column becomes (repeatable); default: what the objects have', asOption)
    .option('--replay', 'replay the objects at once')
    .option('--by <name>', 'who decides (default: the user of this system)')
    .option('--why <text>', 'the reason, kept with the version')
    .action((name: string, { as = new Map(), replay = false, by, why, ...options }: AcceptOptions) =>
      withIo(options, (io) =>
        withServices(io, { part: 'once' }, async (services) => {
          const dataset = namedDataset(services.config, name);
          const answer = await acceptSchema(services.ledger, dataset.name, { who: by ?? systemUser(), why, as });
          const tables = await planTables(services, dataset, answer.columns);
          const ids = replay ? answer.replay : [];
          const decisions = await decideAside(services, { verb: 'replay', ids, by, why });
          io.output.answer({ ...answer, tables, decisions }, () => {
            showAccepted(io.output, replay ? { ...answer, replay: [] } : answer);
            showTables(io.output, tables);
            if (decisions.length > 0) showDecided(io.output, decisions);
          });
        }),
      ),
    );
}

function asOption(text: string, before: ReadonlyMap<string, string> = new Map()): ReadonlyMap<string, string> {
  const [, column, type] = /^(.+?)=(.+)$/.exec(text) ?? [];
  if (column === undefined || type === undefined) throw new InvalidArgumentError('expected COLUMN=TYPE.');
  return new Map([...before, [column.toLowerCase(), type]]);
}
