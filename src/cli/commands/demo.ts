import { once } from 'node:events';
import type { Command } from 'commander';
import { startDemo } from '../demo/demo.js';
import { showDemo } from '../demo/showDemo.js';
import { baseCommand, type CommonOptions, withIo } from '../io.js';

interface Options extends CommonOptions {
  readonly exit?: boolean;
  readonly pullThePlug?: boolean;
}

/** `sluice demo`. */
export function demoCommand(): Command {
  return baseCommand('demo', '3,000,000 flights in several hundred files, end to end, everything embedded')
    .option('--exit', 'end after the summary instead of at Ctrl-C')
    .option('--pull-the-plug', 'kill a worker and empty Redis midway: the rows are the same')
    .action((options: Options) =>
      withIo(options, async ({ output, signal }) => {
        const { exit = false, pullThePlug = false } = options;
        const demo = await startDemo({ folder: process.cwd(), pullThePlug, output, signal });
        try {
          output.answer(demo.summary, () => showDemo(output, demo.summary));
          if (exit) return demo.summary.audit.balanced ? 0 : 1;
          output.note('everything stays up until Ctrl-C');
          if (!signal.aborted) await once(signal, 'abort');
          return 0;
        } finally {
          await demo.close();
        }
      }),
    );
}
