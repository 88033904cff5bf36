#!/usr/bin/env node
import { existsSync } from 'node:fs';

process.title = 'sluice';
// the versions of Node that Sluice runs on are its own to say
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';

// as process 1 of a container Node would let SIGTERM pass until somebody listens: while it starts there is nothing to end in order
process.once('SIGTERM', () => process.exit(143));

// a checkout installs and compiles itself; the published package has no src
if (existsSync(new URL('../src/cli/main.ts', import.meta.url))) {
  const { ensure } = await import('../scripts/ensure.mjs');
  try {
    await ensure({ build: true });
  } catch (error) {
    process.stderr.write(`sluice: ${error.message}\n`);
    process.exit(1);
  }
}

await import('../dist/cli/main.js');
