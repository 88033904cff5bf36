// Renders deploy/helm/rendered/*.yaml with helm (HELM, or `helm` on PATH) from the examples in deploy/helm/examples. Each file begins with
// the hash of what it was made from, so that a test without helm can tell that chart and rendered files belong together.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const helmFolder = fileURLToPath(new URL('../deploy/helm/', import.meta.url));
const chart = join(helmFolder, 'sluice');

/** Files of the chart that are made elsewhere in deploy/. */
export const COPIES = { 'files/alerts.yaml': 'prometheus/alerts.yaml', 'files/sluice.json': 'grafana/sluice.json' };

/** SHA-256 over every file of the chart and the example's values, with their names. */
export function hashOf(example) {
  const hash = createHash('sha256');
  const names = readdirSync(chart, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  for (const path of [...names, join(helmFolder, 'examples', `${example}.yaml`)])
    hash.update(`${path.slice(helmFolder.length)}\0${readFileSync(path, 'utf8')}\0`);
  return hash.digest('hex');
}

/** The examples, by name. */
export const EXAMPLES = readdirSync(join(helmFolder, 'examples')).map((name) => name.replace(/\.yaml$/, ''));

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  for (const [copy, from] of Object.entries(COPIES)) copyFileSync(join(helmFolder, '..', from), join(chart, copy));
  for (const example of EXAMPLES) {
    const values = join(helmFolder, 'examples', `${example}.yaml`);
    const args = ['template', 'sluice', chart, '--namespace', 'data', '--kube-version', '1.31.0', '--values', values];
    const text = execFileSync(process.env.HELM ?? 'helm', args, { encoding: 'utf8', maxBuffer: 64e6 });
    const head = `# Rendered by scripts/renderChart.mjs from examples/${example}.yaml.\n# sha256 of chart and example: ${hashOf(example)}\n`;
    writeFileSync(join(helmFolder, 'rendered', `${example}.yaml`), head + text);
  }
}
