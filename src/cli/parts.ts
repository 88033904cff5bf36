import { type RunningConsole, startConsole } from '../console/main.js';
import { startIntake } from '../producers/main.js';
import type { RunningServer } from '../shared/http/serve.js';
import type { Services } from './services.js';

/** Starts the intake of a configuration over its open services. */
export function openIntakePart({ config, ledger, queue, lake, sourceStore, logger }: Services): Promise<RunningServer> {
  const sources = new Map(config.datasets.map(({ name }) => [name, sourceStore(name)]));
  return startIntake({ config, ledger, queue: queue(), stores: { lake, sources }, logger });
}

/** Starts the console of a configuration over its open services. */
export function openConsolePart({ config, ledger, queue, warehouse, logger }: Services): Promise<RunningConsole> {
  return startConsole({
    config,
    ledger,
    queue: queue(),
    logger,
    presentRows: async (target, table, object) => {
      const [count] = await warehouse(target).presentRows(table, [object]);
      return count?.present ?? 0;
    },
  });
}
