import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Dataset } from '../shared/config/config.js';
import { openEngine } from '../shared/engine/open.js';
import { readTransform } from '../shared/transform/readTransform.js';

/** A fault of a dataset's transform, as `sluice validate` tells it: the place is inside the transform's own text. */
export interface TransformPlaceFault {
  readonly path: string;
  readonly expected: string;
  readonly got: string;
}

/** Parses every dataset's transform with the engine, and tells all faults with their places. Nothing is started where none has one. */
export async function checkTransforms(datasets: readonly Dataset[]): Promise<readonly TransformPlaceFault[]> {
  if (datasets.every(({ transform }) => transform === undefined)) return [];
  const scratch = await mkdtemp(join(tmpdir(), 'sluice-validate-'));
  const engine = openEngine({ maxChildren: 1 });
  try {
    const session = await engine.open({ scratch });
    const faults: TransformPlaceFault[] = [];
    for (const { name, transform } of datasets) {
      if (transform === undefined) continue;
      const answer = await readTransform(session, transform);
      if (answer.kind === 'transform') continue;
      for (const { line, column, expected, got } of answer.faults) {
        faults.push({ path: `datasets.${name}.transform (line ${line}, column ${column})`, expected, got });
      }
    }
    await session.close();
    return faults;
  } finally {
    await engine.close();
    await rm(scratch, { recursive: true, force: true });
  }
}
