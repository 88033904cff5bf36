import type { Command } from 'commander';
import { readLimits } from '../../shared/cgroup.js';
import { loadConfig } from '../../shared/config/load.js';
import { withConcurrency } from '../../shared/config/resolve.js';
import { baseCommand, type CommonOptions, withIo } from '../io.js';
import { countOption, durationOption, listOption } from '../offline/options.js';
import { parseKinds, workUntil } from '../up.js';
import { withServices } from '../withServices.js';

interface Options extends CommonOptions {
  readonly queues?: readonly string[];
  readonly concurrency?: number;
  /** Ms. */
  readonly stopWithin?: number;
}

/** `sluice worker`. */
export function workerCommand(): Command {
  return baseCommand('worker', 'do the work of the queues, until Ctrl-C')
    .option('--queues <names>', 'only these (compact,load); default: all', listOption)
    .option('--concurrency <n>', 'jobs at once; default: worker.concurrency', countOption)
    .option(
      '--stop-within <duration>',
      'after SIGTERM steps may go on this long; default: worker.stopWithin',
      durationOption,
    )
    .action(({ queues, concurrency, stopWithin, ...options }: Options) =>
      withIo(options, async (io) => {
        const kinds = parseKinds(queues);
        const read = loadConfig(io.configFile);
        const sized = concurrency === undefined ? read : withConcurrency(read, concurrency, readLimits());
        const stopWithinMs = stopWithin ?? sized.worker.stopWithinMs;
        const config = { ...sized, worker: { ...sized.worker, stopWithinMs } };
        await withServices(io, { part: 'worker', config }, (services) =>
          workUntil(services, {
            kinds,
            signal: io.signal,
            ready: (probes) =>
              io.output.answer({ ready: true, probes }, () => io.output.line(`worker; probes ${probes}`)),
          }),
        );
      }),
    );
}
