import { Command } from 'commander';
import { loadConfig } from '../../shared/config/load.js';
import { openSnowflakeTarget } from '../../shared/warehouses/snowflake/openSnowflakeTarget.js';
import { useRole } from '../../shared/warehouses/snowflake/sql/setup.js';
import { baseCommand, type CommonOptions, withIo } from '../io.js';
import { readCost, showCost } from '../snowflake/cost.js';
import { planSetup, snowflakeTarget } from '../snowflake/setup.js';

interface Options extends CommonOptions {
  readonly target?: string;
  readonly print?: boolean;
  readonly awsRole: string;
  readonly snsTopic?: string;
  readonly snsRole?: string;
}

const EXAMPLE_ROLE = 'arn:aws:iam::000000000000:role/snowflake-reads-the-lake';

/** `sluice snowflake setup`. */
export function snowflakeCommand(): Command {
  const setup = baseCommand('setup', 'what an account needs before the first load: roles, warehouse, limits, stage')
    .option('--print', 'print the statements and run none')
    .option('--target <name>', 'default: the only one of type snowflake')
    .option('--aws-role <arn>', 'role of AWS that Snowflake assumes to read the lake', EXAMPLE_ROLE)
    .option('--sns-topic <arn>', 'where Snowflake says that a pipe failed')
    .option('--sns-role <arn>', 'role of AWS that Snowflake assumes to publish there')
    .action((options: Options) => withIo(options, (io) => runSetup(options, io)));
  const cost = baseCommand('cost', 'what loading took this month by Snowflake’s own account of it, beside the budget')
    .option('--target <name>', 'default: the only one of type snowflake')
    .action((options: CommonOptions & { readonly target?: string }) =>
      withIo(options, async ({ output, configFile }) => {
        const answer = await readCost(loadConfig(configFile), options.target);
        output.answer(answer, () => showCost(output, answer));
        return answer.budget === undefined || answer.budget.kind === 'within' ? 0 : 1;
      }),
    );
  return new Command('snowflake')
    .description('prepare a Snowflake account; see what it costs')
    .addCommand(setup)
    .addCommand(cost);
}

async function runSetup(options: Options, { output, configFile }: Parameters<Parameters<typeof withIo>[1]>[0]) {
  const config = loadConfig(configFile);
  const [name, target] = snowflakeTarget(config, options.target);
  const parts = planSetup(config, target, options);
  const texts = parts.map(({ role, why, statements }) => ({
    role,
    why,
    statements: [useRole(role), ...statements].map(({ text }) => text),
  }));
  if (options.print !== true) {
    // The user's own default role: who sets up an account has more rights than who loads into it.
    const { role: _role, warehouse: _warehouse, ...administrator } = target;
    const warehouse = openSnowflakeTarget(config, name, administrator);
    try {
      for (const text of texts.flatMap(({ statements }) => statements)) {
        output.note(text);
        await warehouse.ask(text);
      }
    } finally {
      await warehouse.close();
    }
  }
  output.answer({ target: name, ran: options.print !== true, parts: texts }, () => {
    for (const { why, statements } of options.print === true ? texts : []) {
      output.line(`-- ${why}`);
      for (const text of statements) output.line(`${text};`);
      output.line();
    }
  });
}
