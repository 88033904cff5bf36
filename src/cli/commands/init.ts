import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { SluiceError } from '../../shared/errors.js';
import { GRANTS, renderTemplate } from '../init/template.js';
import { baseCommand, type CommonOptions, withIo } from '../io.js';

interface Options extends CommonOptions {
  readonly lake?: string;
  readonly dataset: string;
  readonly prefix?: string;
}

/** `sluice init`. */
export function initCommand(): Command {
  return baseCommand('init', 'write a commented sluice.yaml, and say what to grant')
    .option('--lake <url>', 's3://bucket or file:///folder; default: an embedded S3')
    .option('--dataset <name>', 'of the first dataset', 'orders')
    .option('--prefix <prefix>', 'where its files arrive; default: raw/<dataset>/')
    .action(({ lake, dataset, prefix = `raw/${dataset}/`, ...options }: Options) =>
      withIo(options, async ({ output, configFile = 'sluice.yaml' }) => {
        const file = resolve(configFile);
        const text = renderTemplate({ dataset, prefix, ...(lake === undefined ? {} : { lake }) });
        await writeFile(file, text, { flag: 'wx' }).catch((error: unknown) => {
          throw new SluiceError('USAGE', `expected no file at ${file}, got one, or no right to write it`, {
            cause: error,
          });
        });
        output.answer({ file }, () => output.line(`${file} written; next: sluice validate, sluice up\n\n${GRANTS}`));
      }),
    );
}
