import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { openSession } from '../../../../src/shared/warehouses/snowflake/client.js';

test('a login whose identity provider is away ends as an error without the secret, though the driver has no words for it', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = address !== null && typeof address === 'object' ? address.port : 0;
  await new Promise((resolve) => server.close(resolve));
  const refused: unknown = await openSession({
    account: 'acme-eu',
    accessUrl: `http://127.0.0.1:${port}`,
    user: 'LOADER',
    auth: () => ({
      kind: 'oauthClient',
      clientId: 'loader',
      clientSecret: 'the-secret',
      tokenUrl: `https://127.0.0.1:${port}/token`,
    }),
    database: 'RAW',
    schema: 'PUBLIC',
    connectMs: 10_000,
  }).catch((error: unknown) => error);
  expect(refused).toMatchObject({ code: 'TARGET_AWAY' });
  expect(String(refused)).not.toContain('the-secret');
});
