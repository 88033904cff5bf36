import { Command } from 'commander';
import type { DecisionVerb } from '../../shared/ledger/port.js';
import { baseCommand, type CommonOptions, withIo } from '../io.js';
import { countOption } from '../offline/options.js';
import { decideAside, listAside, readAside, showAside, showDecided, showOne } from '../quarantine.js';
import { namedDataset, withServices } from '../withServices.js';

/** `sluice quarantine list [D]`, `show ID`, `replay ID...`, `release ID...`, `discard ID...`. */
export function quarantineCommand(): Command {
  const command = new Command('quarantine')
    .description('what was set aside: look at it, send it again, let it through, give it up')
    .exitOverride();
  for (const sub of [listCommand(), showCommand(), ...VERBS.map(decideCommand)]) command.addCommand(sub);
  return command;
}

const VERBS: readonly { readonly verb: DecisionVerb; readonly sentence: string }[] = [
  { verb: 'replay', sentence: 'send objects or rows their way again, after a fix of data, schema, contract or code' },
  {
    verb: 'release',
    sentence: 'let a held batch go on to its loads, or load a duplicate or overwritten object as it is',
  },
  { verb: 'discard', sentence: 'give objects or held batches up' },
];

interface ListOptions extends CommonOptions {
  readonly limit: number;
}

function listCommand(): Command {
  return baseCommand('list', 'quarantined objects, held batches, and rows of objects that went on')
    .argument('[dataset]', 'default: all')
    .option('--limit <n>', 'at most so many', countOption, 100)
    .action((name: string | undefined, options: ListOptions) =>
      withIo(options, (io) =>
        withServices(io, { part: 'once', queue: false }, async ({ config, ledger }) => {
          const dataset = name === undefined ? undefined : namedDataset(config, name).name;
          const quarantined = await listAside(ledger, { dataset, limit: options.limit });
          io.output.answer({ quarantined }, () => showAside(io.output, quarantined));
        }),
      ),
    );
}

function showCommand(): Command {
  return baseCommand(
    'show',
    'everything about one object, held batch or rows: reason, text, steps, failed checks, decisions',
  )
    .argument('<id>')
    .action((id: string, options: CommonOptions) =>
      withIo(options, (io) =>
        withServices(io, { part: 'once', queue: false }, async (services) => {
          const facts = await readAside(services, id);
          io.output.answer(facts, () => showOne(io.output, facts));
        }),
      ),
    );
}

interface DecideOptions extends CommonOptions {
  readonly by?: string;
  readonly why?: string;
}

function decideCommand({ verb, sentence }: (typeof VERBS)[number]): Command {
  return baseCommand(verb, sentence)
    .argument('<ids...>')
    .option('--by <name>', 'who decides (default: the user of this system)')
    .option('--why <text>', 'the reason, kept with the decision')
    .action((ids: readonly string[], options: DecideOptions) =>
      withIo(options, (io) =>
        withServices(io, { part: 'once' }, async (services) => {
          const decisions = await decideAside(services, { verb, ids, by: options.by, why: options.why });
          io.output.answer({ decisions }, () => showDecided(io.output, decisions));
          return decisions.some(({ answer }) => answer === 'refused') ? 1 : 0;
        }),
      ),
    );
}
