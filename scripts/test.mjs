// Runs the tests with vitest and ends with a last line `N passed, N failed`. Further arguments go to vitest.
// Fails on any failure, on no tests at all, and on skipped or todo tests (unless a name pattern chose among them).
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const args = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), 'sluice-report-'));
const file = join(folder, 'report.json');
const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
const { status } = spawnSync(process.execPath, [vitest, 'run', ...reporters, ...args], { cwd: root, stdio: 'inherit' });

const report = readReport();
rmSync(folder, { recursive: true, force: true });
const chosen = args.some((arg) => arg === '-t' || arg.startsWith('-t=') || arg.startsWith('--testNamePattern'));
const passed = report?.numPassedTests ?? 0;
// a file that breaks outside its tests (at import, in a hook) fails without failing any
const brokenFiles = (report?.testResults ?? []).filter(
  ({ status, assertionResults }) => status === 'failed' && !assertionResults.some((test) => test.status === 'failed'),
);
const failed = (report?.numFailedTests ?? 0) + brokenFiles.length;
const unrun = chosen ? 0 : (report?.numPendingTests ?? 0) + (report?.numTodoTests ?? 0);

const faults = [];
if (report === undefined) faults.push('vitest left no report');
if (passed + failed === 0) faults.push('no test ran');
if (unrun > 0) faults.push(`${unrun} tests are skipped or to do`);
if (status !== 0 && failed === 0) faults.push(`vitest ended with status ${status}: see its errors above`);
for (const fault of faults) console.log(`not ok: ${fault}`);
console.log(`${passed} passed, ${failed === 0 && status !== 0 ? 1 : failed} failed`);
process.exitCode = failed > 0 || faults.length > 0 ? 1 : 0;

function readReport() {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}
