import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { openDirectoryStore } from '../../../src/shared/stores/directory.js';
import { describeObjectStore } from '../../contracts/objectStore.js';

describeObjectStore(
  'a directory',
  async () => {
    const root = await mkdtemp(join(tmpdir(), 'sluice-directory-'));
    return {
      store: openDirectoryStore({ root }),
      readTags: async (key) => {
        const digest = createHash('sha256').update(key).digest('hex');
        const file = join(root, '.sluice-store/tags', digest.slice(0, 2), `${digest}.json`);
        const text = await readFile(file, 'utf8').catch(() => undefined);
        if (text === undefined) return undefined;
        return z.object({ tags: z.record(z.string(), z.string()) }).parse(JSON.parse(text)).tags;
      },
      close: () => rm(root, { recursive: true, force: true }),
    };
  },
  { keyMayBeFolder: false, moreKeys: [] },
);
