import type { Config, Dataset } from '../shared/config/config.js';
import { SluiceError } from '../shared/errors.js';
import { loadConfig, readEnvironment } from '../shared/config/load.js';
import { openLog } from '../shared/telemetry/log.js';
import type { Io } from './io.js';
import { openServices, type OpenServicesOptions, type Services } from './services.js';

/** Reads the configuration, opens its services, works, and closes what was opened, however the work ends. */
export async function withServices<T>(
  io: Io,
  {
    part,
    ...options
  }: Omit<OpenServicesOptions, 'config' | 'logger'> & { readonly part: LogPart; readonly config?: Config },
  work: (services: Services) => Promise<T>,
): Promise<T> {
  const config = options.config ?? loadConfig(io.configFile);
  const services = await openServices({ ...options, config, logger: openPartLog(part) });
  try {
    return await work(services);
  } finally {
    await services.close();
  }
}

/** `once`: a command that ends by itself says only what went wrong. */
export type LogPart = 'once' | 'up' | 'intake' | 'worker' | 'console' | 'demo';

/** The log of a part: SLUICE_LOG (debug, info, warn, error, silent), else info for parts that stay up and warn for the rest. */
export function openPartLog(part: LogPart) {
  const staysUp = part === 'intake' || part === 'worker' || part === 'console';
  return openLog(readEnvironment()['SLUICE_LOG'] ?? (staysUp ? 'info' : 'warn'), part);
}

/** The named dataset, or all. Throws USAGE for a name that the configuration lacks. */
export function chosenDatasets(config: Config, name: string | undefined): readonly string[] {
  return name === undefined ? config.datasets.map((dataset) => dataset.name) : [namedDataset(config, name).name];
}

/** The dataset that somebody names on the command line. Throws USAGE for a name that the configuration lacks. */
export function namedDataset(config: Config, name: string): Dataset {
  const found = config.datasets.find((dataset) => dataset.name === name);
  if (found !== undefined) return found;
  const names = config.datasets.map((dataset) => dataset.name).join(', ');
  throw new SluiceError('USAGE', `expected a dataset of the configuration (${names}), got ${name}`);
}
