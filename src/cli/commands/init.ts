import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { SluiceError } from '../../shared/errors.js';
import { loadConfig } from '../../shared/config/load.js';
import { renderCommands } from '../init/s3/commands.js';
import { policyOf, QUEUE_NAME, queuePolicyOf, readBuckets } from '../init/s3/rights.js';
import { renderTerraform } from '../init/s3/terraform.js';
import { GRANTS, renderTemplate } from '../init/template.js';
import { baseCommand, type CommonOptions, withIo } from '../io.js';

interface Options extends CommonOptions {
  readonly lake?: string;
  readonly dataset: string;
  readonly prefix?: string;
}

/** `sluice init`. */
export function initCommand(): Command {
  const command = baseCommand('init', 'write a commented sluice.yaml, and say what to grant')
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
  command.addCommand(s3Command());
  return command;
}

interface S3Options extends CommonOptions {
  readonly form: 'terraform' | 'cli' | 'policies';
}

/** `sluice init s3`. */
function s3Command(): Command {
  return baseCommand(
    's3',
    'print queue, notifications, rights and lifecycle rules for the configured buckets; changes nothing',
  )
    .addOption(
      new Option('--form <form>', 'of what is printed').choices(['terraform', 'cli', 'policies']).default('terraform'),
    )
    .action((_own: S3Options, command: Command) => {
      // `init` has options of the same names, and takes them first.
      const { form, ...options } = command.optsWithGlobals<S3Options>();
      return withIo(options, async ({ output, configFile }) => {
        const config = loadConfig(configFile);
        const buckets = readBuckets(config);
        if (buckets.length === 0)
          throw new SluiceError('USAGE', 'expected a lake or sources in S3 (lake: { url: s3://... }), got none');
        const region = config.lake?.region ?? 'us-east-1';
        const arn = `arn:aws:sqs:${region}:ACCOUNT:${QUEUE_NAME}`;
        const policies = {
          intake: policyOf('intake', buckets, arn),
          worker: policyOf('worker', buckets, arn),
          queue: queuePolicyOf(buckets, arn, 'ACCOUNT'),
        };
        const forms = {
          terraform: () => renderTerraform(buckets),
          cli: () => renderCommands(buckets, region),
          policies: () => JSON.stringify(policies, undefined, 2),
        };
        output.answer({ buckets, policies, [form]: form === 'policies' ? undefined : forms[form]() }, () =>
          output.line(forms[form]()),
        );
      });
    });
}
