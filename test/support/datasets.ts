import type { Config, Dataset } from '../../src/shared/config/config.js';
import { configSchema, type ConfigFile } from '../../src/shared/config/schema.js';
import { resolveConfig } from '../../src/shared/config/resolve.js';
import type { z } from 'zod';

type ConfigInput = z.input<typeof configSchema>;

/** A whole configuration from a few settings, as a file with them would give it. */
export function makeConfig(file: Omit<ConfigInput, 'version'>): Config {
  const read: ConfigFile = configSchema.parse({ version: 1, ...file });
  return resolveConfig(read, { folder: '/' }, {});
}

/** A dataset from a few settings, as a file with them would give it. */
export function makeDataset(name: string, settings: ConfigInput['datasets'][string]): Dataset {
  const [dataset] = makeConfig({ datasets: { [name]: settings } }).datasets;
  return dataset!;
}
