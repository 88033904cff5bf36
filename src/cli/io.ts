import { Command } from 'commander';
import { toSluiceError } from '../shared/errors.js';
import { openOutput, type Output } from './output.js';

/** Options that every command has. */
export interface CommonOptions {
  readonly json?: boolean;
  readonly config?: string;
}

/** What a command works with. */
export interface Io {
  readonly output: Output;
  /** Aborts at the first Ctrl-C or SIGTERM. */
  readonly signal: AbortSignal;
  readonly configFile: string | undefined;
}

/** Exit status: 0 done, 1 found something that failed, 2 usage or configuration, 3 a service is away. */
export type ExitStatus = 0 | 1 | 2 | 3;

/** A command with the options that all have; its own usage errors are thrown to `main`. */
export function baseCommand(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .option('--config <file>', 'configuration (default: sluice.yaml, then sluice.yml)')
    .option('--json', 'print one JSON document on standard output')
    .exitOverride()
    .showHelpAfterError('See --help.');
}

/** Runs a command's work: prints its error, sets the exit status, ends it at Ctrl-C (a second one kills). */
export async function withIo(options: CommonOptions, work: (io: Io) => Promise<ExitStatus | void>): Promise<void> {
  const output = openOutput({ json: options.json ?? false });
  const stopping = new AbortController();
  const onSignal = (name: NodeJS.Signals) => {
    if (stopping.signal.aborted) process.exit(130);
    stopping.abort(new Error(`ended by ${name}`));
  };
  const early = process.listeners('SIGTERM');
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  // Who listened while the process started listens no longer. Not the other way round: without any listener a signal on its way is lost.
  for (const listener of early) process.off('SIGTERM', listener);
  try {
    process.exitCode = (await work({ output, signal: stopping.signal, configFile: options.config })) ?? 0;
  } catch (error) {
    process.exitCode = stopping.signal.aborted ? 130 : reportError(output, error);
  } finally {
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
  }
}

function reportError(output: Output, error: unknown): ExitStatus {
  const known = toSluiceError(error);
  output.error(known);
  return known.exit;
}
