import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEngine } from '../../src/shared/engine/open.js';
import type { EngineSession } from '../../src/shared/engine/port.js';

/** A session of the real, confined engine with a scratch folder of its own. */
export async function openEngineSession(
  readable: readonly string[] = [],
): Promise<EngineSession & { scratch: string }> {
  const scratch = await mkdtemp(join(tmpdir(), 'findings-'));
  const engine = openEngine({ maxChildren: 1 });
  const session = await engine.open({ scratch, readable });
  return {
    scratch,
    run: (sql, signal) => session.run(sql, signal),
    query: (sql, signal) => session.query(sql, signal),
    copyOut: (request) => session.copyOut(request),
    close: async () => {
      await session.close();
      await engine.close();
      await rm(scratch, { recursive: true });
    },
  };
}
