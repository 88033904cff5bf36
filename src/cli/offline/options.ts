import { type Command, InvalidArgumentError, Option } from 'commander';
import { FILE_FORMATS, PAGE_VERSIONS, TEXT_ENCODINGS } from '../../shared/config/dataset.js';
import { parseDuration, parseSize } from '../../shared/config/units.js';

/** How URIs are described in every help. */
export const URIS = 'paths, folders, globs (in quotes) or s3:// URIs';

/** Adds the options that every command over URIs has. */
export function inputOptions(command: Command): Command {
  return command.option('--endpoint <url>', 'of an S3-compatible store').option('--region <name>', 'of the S3 store');
}

/** `256MB` as bytes. */
export function sizeOption(text: string): number {
  const bytes = parseSize(text);
  if (bytes !== undefined && bytes > 0) return bytes;
  throw new InvalidArgumentError('expected a size such as 256MB or 1GiB.');
}

/** `60s` as milliseconds. */
export function durationOption(text: string): number {
  const ms = parseDuration(text);
  if (ms !== undefined) return ms;
  throw new InvalidArgumentError('expected a duration such as 500ms, 60s or 15m.');
}

/** `a,b` as a list. */
export function listOption(text: string): readonly string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

/** A whole number above 0. */
export function countOption(text: string): number {
  const count = Number(text);
  if (Number.isSafeInteger(count) && count > 0) return count;
  throw new InvalidArgumentError('expected a whole number above 0.');
}

/** A number above 0. */
export function numberOption(text: string): number {
  const number = Number(text);
  if (Number.isFinite(number) && number > 0) return number;
  throw new InvalidArgumentError('expected a number above 0.');
}

/** Codec of artifacts. */
export function compressionOption(): Option {
  return new Option('--compression <codec>', 'of the artifacts').choices(['zstd', 'snappy']).default('zstd');
}

/** Encodings of artifacts. */
export function pagesOption(): Option {
  return new Option('--pages <version>', 'encodings of the artifacts: v1 for old readers')
    .choices(PAGE_VERSIONS)
    .default('v2');
}

/** How files are written. */
export function formatOption(): Option {
  return new Option('--format <format>', 'how the files are written; auto goes by each name')
    .choices(FILE_FORMATS)
    .default('auto');
}

/** How text files are encoded. */
export function encodingOption(): Option {
  return new Option('--encoding <name>', 'of CSV and JSON files; auto is UTF-8, or UTF-16 by its mark')
    .choices(TEXT_ENCODINGS)
    .default('auto');
}
