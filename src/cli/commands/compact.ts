import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { type CommonOptions, baseCommand, withIo } from '../io.js';
import { compactInputs } from '../offline/compactInputs.js';
import {
  compressionOption,
  encodingOption,
  formatOption,
  inputOptions,
  listOption,
  pagesOption,
  sizeOption,
  URIS,
} from '../offline/options.js';
import type { OfflineOptions } from '../offline/session.js';
import { withFiles } from '../offline/session.js';
import { exitOf, showCompact } from '../offline/show.js';
import type { FileFormat, TextEncoding, PageVersion } from '../../shared/config/dataset.js';

interface Options extends CommonOptions, OfflineOptions {
  readonly out: string;
  readonly target: number;
  readonly compression: 'zstd' | 'snappy';
  readonly pages: PageVersion;
  readonly sort: readonly string[];
  readonly format: FileFormat;
  readonly encoding: TextEncoding;
  readonly replace?: boolean;
  readonly strict?: boolean;
}

/** `sluice compact URI... --out DIR`. */
export function compactCommand(): Command {
  return inputOptions(baseCommand('compact', 'merge many small files into few Parquet files; formats may be mixed'))
    .argument('<uri...>', URIS)
    .requiredOption('--out <dir>', 'folder for the Parquet files')
    .option('--target <size>', 'size of one artifact, such as 256MB or 1GiB', sizeOption, 256e6)
    .addOption(compressionOption())
    .addOption(pagesOption())
    .option('--sort <columns>', 'order the rows by these columns (a,b)', listOption, [])
    .addOption(formatOption())
    .addOption(encodingOption())
    .option('--replace', 'replace the artifacts of an earlier call in --out')
    .option('--strict', 'exit 1 when a file was quarantined')
    .action((uris: string[], options: Options) =>
      withIo(options, async (io) => {
        const out = resolve(options.out);
        await mkdir(out, { recursive: true });
        const { compression, pages, sort, format, encoding, target: targetBytes, replace = false } = options;
        const report = await withFiles(io, uris, { ...options, scratchIn: out }, (work) =>
          compactInputs(work, { out, compression, pages, sort, format, encoding, targetBytes, replace }),
        );
        io.output.answer(report, () => showCompact(io.output, report));
        return exitOf(report.objects, options.strict);
      }),
    );
}
