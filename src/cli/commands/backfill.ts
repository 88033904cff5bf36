import { type Command, InvalidArgumentError } from 'commander';
import { parseDuration } from '../../shared/config/units.js';
import { baseCommand, type CommonOptions, withIo } from '../io.js';
import { countOption } from '../offline/options.js';
import { openSweep } from '../openSweep.js';
import { startSweepProgress } from '../sweepProgress.js';
import { showSweeps } from '../sweeps.js';
import { namedDataset, withServices } from '../withServices.js';

interface Options extends CommonOptions {
  readonly prefix?: string;
  readonly since?: Date;
  readonly limit?: number;
}

/** `sluice backfill D`. */
export function backfillCommand(): Command {
  return baseCommand('backfill', 'record the files that were there before; after a kill the same command goes on')
    .argument('<dataset>')
    .option('--prefix <prefix>', 'only keys that begin so: whole, or what follows the dataset’s own prefix')
    .option(
      '--since <time>',
      'only files of this time or later (2026-01-31, an ISO time, or 7d ago), and a day before',
      sinceOption,
    )
    .option('--limit <n>', 'at most so many new files, the first in the order of their keys', countOption)
    .action((name: string, { prefix, since, limit, ...options }: Options) =>
      withIo(options, (io) =>
        withServices(io, { part: 'once' }, async (services) => {
          const dataset = namedDataset(services.config, name);
          const sweep = openSweep({ ...services, queue: services.queue() });
          const progress = startSweepProgress(io.output, limit);
          try {
            const { onProgress } = progress;
            const receipt = await sweep(dataset, { signal: io.signal, onProgress, backfill: { prefix, since, limit } });
            const answer = { dataset: dataset.name, ...receipt };
            progress.stop();
            io.output.answer(answer, () => showSweeps(io.output, [answer]));
          } finally {
            progress.stop();
          }
        }),
      ),
    );
}

function sinceOption(text: string): Date {
  const ago = parseDuration(text);
  const date = ago === undefined ? new Date(text) : new Date(Date.now() - ago);
  if (!Number.isNaN(date.getTime())) return date;
  throw new InvalidArgumentError('expected a time such as 2026-01-31, 2026-01-31T12:00:00Z or 7d.');
}
