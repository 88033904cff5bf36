// Writes the generated files of the repository: docs/config.md, docs/errors.md, sluice.schema.json.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensure } from './ensure.mjs';

await ensure({ build: true });
const { renderReference } = await import('../dist/cli/reference.js');
const root = fileURLToPath(new URL('..', import.meta.url));
for (const { path, text } of renderReference()) writeFileSync(join(root, path), text);
