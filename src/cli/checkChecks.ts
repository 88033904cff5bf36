import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findCheckFaults, isPlain } from '../shared/checks/findCheckFaults.js';
import type { ConfigFault } from '../shared/config/rules.js';
import type { RawConfig } from '../shared/config/load.js';
import { soundChecks } from '../shared/config/soundChecks.js';
import { openEngine } from '../shared/engine/open.js';

/** Has the engine read every pattern, type, condition and query of a configuration's checks, and tells all faults with their lines. Nothing is started where there is none. */
export async function checkChecks({ value, lineOf }: RawConfig): Promise<readonly ConfigFault[]> {
  const placed = soundChecks(value).filter(({ check }) => !isPlain(check));
  if (placed.length === 0) return [];
  const scratch = await mkdtemp(join(tmpdir(), 'sluice-validate-'));
  const engine = openEngine({ maxChildren: 1 });
  try {
    const session = await engine.open({ scratch });
    const faults = await findCheckFaults({ session }, placed);
    await session.close();
    return faults.map((fault) => {
      const line = lineOf(fault.path);
      return line === undefined ? fault : { ...fault, line };
    });
  } finally {
    await engine.close();
    await rm(scratch, { recursive: true, force: true });
  }
}
