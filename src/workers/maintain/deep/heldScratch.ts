import { join } from 'node:path';
import type { Config, Dataset } from '../../../shared/config/config.js';
import type { Engine } from '../../../shared/engine/port.js';
import type { ObjectStore } from '../../../shared/stores/port.js';
import { openBatchScratch } from '../../batchScratch.js';
import type { BatchScratch } from '../../batchScratch.js';

interface HeldRequest {
  readonly engine: Engine;
  readonly lake: ObjectStore;
  readonly sourceStore: (dataset: string) => ObjectStore;
  readonly config: Config;
  readonly dataset: Dataset;
  /** An existing folder. */
  readonly scratch: string;
}

/** Holds the files of one batch, or of a merge that several batches share, until others are asked for. */
export function holdScratch(request: HeldRequest): {
  /** `name` tells files apart: the same name gets the files that are there. */
  open(name: string): Promise<BatchScratch>;
  close(): Promise<void>;
} {
  const { engine, lake, sourceStore, config, dataset, scratch } = request;
  let held: { readonly name: string; readonly files: BatchScratch } | undefined;
  let opened = 0;
  const close = async () => {
    const last = held;
    held = undefined;
    await last?.files.close();
  };
  return {
    async open(name) {
      if (held?.name === name) return held.files;
      await close();
      const files = await openBatchScratch({
        folder: join(scratch, `${dataset.name}-${opened++}`),
        engine,
        lake,
        sourceStore: () => sourceStore(dataset.name),
        ...config.worker,
      });
      held = { name, files };
      return files;
    },
    close,
  };
}
