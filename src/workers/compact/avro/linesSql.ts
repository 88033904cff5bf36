import { quoteName, quoteText } from '../../../shared/schema/columns.js';
import type { UnpackedAvro } from './unpackAvro.js';

/** The columns under their own names and types. */
export function castsSql({ columns }: UnpackedAvro): string {
  return columns.map(({ name, type }, index) => `CAST(c${index} AS ${type}) AS ${quoteName(name)}`).join(', ');
}

/** The rows as the lines have them: columns c0, c1 and so on, every scalar a text. */
export function linesSql(file: string, { columns, longest }: UnpackedAvro): string {
  const shapes = columns.map(({ shape }, index) => `c${index}: ${quoteText(shape)}`);
  return `read_json(${quoteText(file)}, format = 'newline_delimited', records = true, compression = 'uncompressed',
    hive_partitioning = false, maximum_object_size = ${Math.max(longest * 2, 1 << 24)}, columns = {${shapes.join(', ')}})`;
}
