import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { SluiceError } from '../shared/errors.js';
import { openOutput } from './output.js';

/** Runs one command line: sets the exit status and resolves when the command has ended. */
export async function runProgram(argv: readonly string[]): Promise<void> {
  const program = await openProgram(argv.slice(2));
  try {
    await program.parseAsync(argv);
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    process.exitCode = HELP_CODES.has(error.code) ? 0 : 2;
    if (process.exitCode === 2 && argv.includes('--json')) reportUsage(error);
  }
}

const HELP_CODES: ReadonlySet<string> = new Set(['commander.helpDisplayed', 'commander.version']);

/** Every command, in the order of the help. Each is loaded only when it is named, since their packages take long to load. */
const COMMANDS: Readonly<Record<string, () => Promise<() => Command>>> = {
  demo: async () => (await import('./commands/demo.js')).demoCommand,
  init: async () => (await import('./commands/init.js')).initCommand,
  run: async () => (await import('./commands/run.js')).runCommand,
  try: async () => (await import('./commands/try.js')).tryCommand,
  up: async () => (await import('./commands/up.js')).upCommand,
  migrate: async () => (await import('./commands/migrate.js')).migrateCommand,
  intake: async () => (await import('./commands/intake.js')).intakeCommand,
  worker: async () => (await import('./commands/worker.js')).workerCommand,
  console: async () => (await import('./commands/console.js')).consoleCommand,
  'hash-password': async () => (await import('./commands/hashPassword.js')).hashPasswordCommand,
  sweep: async () => (await import('./commands/sweep.js')).sweepCommand,
  backfill: async () => (await import('./commands/backfill.js')).backfillCommand,
  status: async () => (await import('./commands/status.js')).statusCommand,
  objects: async () => (await import('./commands/objects.js')).objectsCommand,
  batches: async () => (await import('./commands/batches.js')).batchesCommand,
  loads: async () => (await import('./commands/loads.js')).loadsCommand,
  cost: async () => (await import('./commands/cost.js')).costCommand,
  quarantine: async () => (await import('./commands/quarantine.js')).quarantineCommand,
  schema: async () => (await import('./commands/schema.js')).schemaCommand,
  anomaly: async () => (await import('./commands/anomaly.js')).anomalyCommand,
  audit: async () => (await import('./commands/audit.js')).auditCommand,
  contract: async () => (await import('./commands/contract.js')).contractCommand,
  sql: async () => (await import('./commands/sql.js')).sqlCommand,
  plan: async () => (await import('./commands/plan.js')).planCommand,
  snowflake: async () => (await import('./commands/snowflake.js')).snowflakeCommand,
  doctor: async () => (await import('./commands/doctor.js')).doctorCommand,
  validate: async () => (await import('./commands/validate.js')).validateCommand,
  compact: async () => (await import('./commands/compact.js')).compactCommand,
  profile: async () => (await import('./commands/profile.js')).profileCommand,
  check: async () => (await import('./commands/check.js')).checkCommand,
  skew: async () => (await import('./commands/skew.js')).skewCommand,
};

/** The program with the command that the arguments name, or with all for the help. */
async function openProgram(args: readonly string[]): Promise<Command> {
  const program = new Command('sluice')
    .description('Files land in S3; Sluice turns them into loaded, verified warehouse tables.')
    .version(readVersion(), '--version')
    .exitOverride()
    .showHelpAfterError('See --help.');
  const named = COMMANDS[args[0] ?? ''];
  const all = args[0] === '--version' ? [] : Object.values(COMMANDS);
  const loads = named === undefined ? all : [named];
  for (const open of await Promise.all(loads.map((load) => load()))) program.addCommand(open());
  return program;
}

/** Commander has printed the sentence on standard error; --json has it on standard output, too. */
function reportUsage(error: CommanderError): void {
  const message = error.message.replace(/^error: /, '');
  const { code, mend } = new SluiceError('USAGE', message);
  openOutput({ json: true }).answer({ error: { code, message, mend } }, () => {});
}

function readVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  const { version }: { version: string } = JSON.parse(text);
  return version;
}
