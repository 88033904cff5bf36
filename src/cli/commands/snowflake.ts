import { Command } from 'commander';
import { loadConfig } from '../../shared/config/load.js';
import { openSnowflakeTarget } from '../../shared/warehouses/snowflake/openSnowflakeTarget.js';
import { useRole } from '../../shared/warehouses/snowflake/sql/setup.js';
import { baseCommand, type CommonOptions, type Io, withIo } from '../io.js';
import { namedDataset } from '../withServices.js';
import { countOption } from '../offline/options.js';
import { ledgerColumns, readColumns } from '../snowflake/columns.js';
import { readCost, showCost } from '../snowflake/cost.js';
import { planSetup, snowflakeTarget } from '../snowflake/setup.js';
import { planUnion } from '../snowflake/unite.js';

interface Options extends CommonOptions {
  readonly target?: string;
  readonly print?: boolean;
  readonly awsRole: string;
  readonly snsTopic?: string;
  readonly snsRole?: string;
}

const EXAMPLE_ROLE = 'arn:aws:iam::000000000000:role/snowflake-reads-the-lake';

/** `sluice snowflake setup`, `cost` and `unite`. */
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
  const unite = baseCommand(
    'unite',
    'how to read recent rows of Postgres and all rows of Snowflake as one; asks neither',
  )
    .argument('<dataset>')
    .option('--at <column>', 'column of dates or times; default: what the Postgres table is partitioned by')
    .option('--days <n>', 'days that Postgres keeps; default: the load’s retain, else 7', countOption)
    .option('--columns <list>', 'such as "id BIGINT, at TIMESTAMP": asks no service; default: the schema in the ledger')
    .action((name: string, options: UniteOptions) => withIo(options, (io) => runUnite(name, options, io)));
  return new Command('snowflake')
    .description('prepare a Snowflake account; see what it costs; read it beside Postgres')
    .addCommand(setup)
    .addCommand(cost)
    .addCommand(unite);
}

interface UniteOptions extends CommonOptions {
  readonly at?: string;
  readonly days?: number;
  readonly columns?: string;
}

async function runUnite(name: string, { at, days, columns: text }: UniteOptions, io: Io): Promise<void> {
  const config = loadConfig(io.configFile);
  const dataset = namedDataset(config, name);
  const columns = text === undefined ? await ledgerColumns(io, name) : readColumns(text);
  const union = planUnion(config, dataset, { columns, at, days, nowMs: Date.now() });
  io.output.answer(union, () => {
    io.output.line(`-- Postgres: rows since ${union.boundary}`);
    io.output.line(`${union.postgres};`);
    io.output.line('\n-- Snowflake: all others; the two together are every row once');
    io.output.line(`${union.snowflake};`);
    io.output.line('\n-- Snowflake, where Postgres’s recent rows stand in a table beside the loaded one');
    io.output.line(`${union.view};`);
  });
}

async function runSetup(options: Options, { output, configFile }: Io) {
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
