import { openFolder } from '../../src/embedded/folder.js';
import { startPostgres } from '../../src/embedded/postgres/startPostgres.js';
import { startRedis } from '../../src/embedded/redis/startRedis.js';

// A process that holds an embedded service, for tests that need another one: says `{pid, url}` or `{error}` to its parent, and
// ends without closing anything when told `end`.
const [, , what = '', place = ''] = process.argv;

async function hold(): Promise<{ pid: number; url: string }> {
  if (what === 'folder') return { pid: process.pid, url: (await openFolder(place)).path };
  if (what === 'redis') return startRedis({ dir: place, kind: 'server' });
  const postgres = await startPostgres({ dataDir: place, durable: false });
  return { pid: postgres.pid, url: postgres.url('postgres') };
}

process.on('message', () => process.disconnect());
hold().then(
  ({ pid, url }) => process.send?.({ pid, url }),
  (error: unknown) => process.send?.({ error: error instanceof Error ? error.message : String(error) }),
);
