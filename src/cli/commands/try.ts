import type { Command } from 'commander';
import { baseCommand, type CommonOptions, withIo } from '../io.js';
import { inputOptions } from '../offline/options.js';
import { exitOfRun, noteLeftovers } from '../run/runOnce.js';
import { stayUp } from '../up.js';
import { listTables, showTried } from '../try/showTried.js';
import { tryFiles } from '../try/tryFiles.js';

interface Options extends CommonOptions {
  readonly endpoint?: string;
  readonly region?: string;
  readonly save?: boolean;
  readonly stay?: boolean;
  readonly strict?: boolean;
}

/** `sluice try DIR|URI`. */
export function tryCommand(): Command {
  return inputOptions(
    baseCommand('try', 'load the files of a folder or s3:// prefix into an embedded Postgres, no configuration'),
  )
    .argument('<place>', 'a folder, or s3://bucket/prefix; each folder in it becomes a table')
    .option('--save', 'write sluice.yaml here')
    .option('--stay', 'keep Postgres up until Ctrl-C')
    .option('--strict', 'exit 1 when an object was quarantined')
    .action((uri: string, { endpoint, region, ...options }: Options) =>
      withIo(options, async ({ output, signal }) => {
        const access = { ...(endpoint === undefined ? {} : { endpoint }), ...(region === undefined ? {} : { region }) };
        const tried = await tryFiles({ uri, ...access, cwd: process.cwd(), output, signal });
        try {
          if (options.save) await tried.save();
          const tables = await listTables(tried);
          output.answer({ ...tried.summary, tables, config: tried.file }, () => showTried(output, tried, tables));
          noteLeftovers(output, tried);
          if (options.stay) await stayUp(signal);
          return exitOfRun(tried, options.strict ?? false);
        } finally {
          await tried.services.close();
        }
      }),
    );
}
