import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { parseConfig } from '../../src/shared/config/load.js';

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

test('the configuration of docker-compose.yml is valid with the environment that it gives', () => {
  const { 'x-sluice': sluice } = parse(read('docker-compose.yml'), { merge: true });
  const example = Object.fromEntries(
    [...read('.env.example').matchAll(/^([A-Z_]+)=(.*)$/gm)].map(([, name, value]) => [name, value]),
  );
  const fill = (text: string) =>
    text.replaceAll(/\$\{([A-Z_]+)(:\?[^}]*)?\}/g, (_, name: string) => String(example[name]));
  const env = Object.fromEntries(
    Object.entries<string>(sluice.environment).map(([name, value]) => [name, fill(value)]),
  );
  const answer = parseConfig(read('deploy/compose/sluice.yaml'), { folder: '/etc/sluice' }, env);
  expect(answer.kind === 'faults' ? answer.faults : answer.config.lake?.endpoint).toBe('http://rustfs:9000');
  expect(JSON.stringify(answer)).not.toContain('undefined');
});
