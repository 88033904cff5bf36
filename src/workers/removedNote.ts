import type { WorkerContext } from './context.js';

/** Says once of each dataset that is gone from the configuration what of it waits in the ledger. Call it now and then. Errors: LEDGER_AWAY. */
export function openRemovedNote({
  config,
  ledger,
  logger,
}: Pick<WorkerContext, 'config' | 'logger'> & {
  readonly ledger: { readonly recovery: Pick<WorkerContext['ledger']['recovery'], 'backlog'> };
}): () => Promise<void> {
  const known = new Set(config.datasets.map(({ name }) => name));
  return async () => {
    for (const { dataset, pending, openSteps } of await ledger.recovery.backlog()) {
      if (known.has(dataset) || pending + openSteps === 0) continue;
      known.add(dataset);
      logger.warn(
        { dataset, pending, openSteps },
        'a dataset that the configuration does not have waits in the ledger; its work goes on when it is configured again',
      );
    }
  };
}
