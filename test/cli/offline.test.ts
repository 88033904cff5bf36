import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { sluice } from '../support/sluice.js';

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'sluice-cli-'));
  mkdirSync(join(cwd, 'in', 'deep'), { recursive: true });
  const rows = Array.from({ length: 500 }, (_, row) => `${row},n${row % 7 === 0 ? row : 1},${row / 2}`);
  writeFileSync(join(cwd, 'in', 'a.csv'), `id,name,price\n${rows.slice(0, 200).join('\n')}\n`);
  const packed = gzipSync(`id,name,price\n${rows.slice(200, 400).join('\n')}\n`);
  writeFileSync(join(cwd, 'in', 'deep', 'b.csv.gz'), packed);
  const lines = rows.slice(400).map((row) => {
    const [id, name, price] = row.split(',');
    return JSON.stringify({ id: Number(id), name, price: Number(price) });
  });
  writeFileSync(join(cwd, 'in', 'c.ndjson'), `${lines.join('\n')}\n`);
  writeFileSync(join(cwd, 'in', 'cut.csv.gz'), packed.subarray(0, packed.length / 2));
  writeFileSync(join(cwd, 'in', 'empty.csv'), '');
  writeFileSync(join(cwd, 'in', 'notes.md'), 'not data');
});
afterEach(() => rmSync(cwd, { recursive: true, force: true }));

test('compact makes one schema of a folder of mixed formats, names the bad files, and leaves only its artifacts', async () => {
  const { status, stdout } = await sluice(['compact', 'in', '--out', 'out', '--json'], { cwd });
  const report = JSON.parse(stdout);
  expect(status).toBe(0);
  expect(report.rows).toEqual({ in: 500, out: 500 });
  const states = report.objects.map((one: Record<string, unknown>) => [
    one['uri'],
    one['rows'],
    one['state'],
    one['code'],
  ]);
  expect(states).toEqual([
    ['in/a.csv', 200, 'included', undefined],
    ['in/c.ndjson', 100, 'included', undefined],
    ['in/cut.csv.gz', 0, 'quarantined', 'OBJECT_TRUNCATED'],
    ['in/deep/b.csv.gz', 200, 'included', undefined],
    ['in/empty.csv', 0, 'quarantined', 'OBJECT_EMPTY'],
  ]);
  expect(report.objects[2].mend).toBe('The object ends before its format does; upload it again whole.');
  expect(report.artifacts).toMatchObject([{ path: join(cwd, 'out', 'part-00000.parquet'), rows: 500 }]);
  expect(readdirSync(join(cwd, 'out'))).toEqual(['part-00000.parquet']);
});

test('compact expands a quoted glob itself, and --strict turns a quarantined file into exit 1', async () => {
  const globbed = await sluice(['compact', 'in/**/*.csv.gz', '--out', 'out', '--json', '--strict'], { cwd });
  expect(globbed.status).toBe(1);
  expect(JSON.parse(globbed.stdout).objects).toHaveLength(2);
});

test('compact ends with 1 when no file could be included, and does not touch artifacts of an earlier call', async () => {
  const bad = await sluice(['compact', 'in/cut.csv.gz', '--out', 'out', '--json'], { cwd });
  expect([bad.status, JSON.parse(bad.stdout).artifacts]).toEqual([1, []]);
  await sluice(['compact', 'in/a.csv', '--out', 'out'], { cwd });
  const again = await sluice(['compact', 'in/a.csv', '--out', 'out', '--json'], { cwd });
  expect([again.status, JSON.parse(again.stdout).error.code]).toEqual([2, 'USAGE']);
  const replaced = await sluice(['compact', 'in/c.ndjson', '--out', 'out', '--json', '--replace'], { cwd });
  expect([replaced.status, JSON.parse(replaced.stdout).rows.out]).toEqual([0, 100]);
});

test('profile and skew look into CSV and NDJSON as into one table, and name the file that they could not read', async () => {
  const profile = await sluice(['profile', 'in', '--json'], { cwd });
  const report = JSON.parse(profile.stdout);
  expect([profile.status, report.rows]).toEqual([0, 500]);
  expect(report.columns[0]).toMatchObject({ name: 'id', type: 'BIGINT', min: 0, max: 499, distinct: 500 });
  expect(report.quarantined.map((one: { code: string }) => one.code)).toEqual(['OBJECT_TRUNCATED', 'OBJECT_EMPTY']);
  const skew = await sluice(['skew', 'in/a.csv', 'in/c.ndjson', '--key', 'name', '--json'], { cwd });
  expect(JSON.parse(skew.stdout)).toMatchObject({ rows: 300, skewed: true, hotKeys: [{ key: 'n1' }] });
});

test('skew --join says what a join with other files loses and multiplies, whatever their format', async () => {
  mkdirSync(join(cwd, 'other'));
  writeFileSync(join(cwd, 'other', 'names.csv'), 'name,side\nn1,a\nn1,b\nn7,c\n');
  const args = ['skew', 'in/a.csv', 'in/c.ndjson', '--key', 'name', '--join', 'other', '--json'];
  const { status, stdout } = await sluice(args, { cwd });
  const report = JSON.parse(stdout);
  expect(status).toBe(0);
  const hot = report.hotKeys[0].rows;
  expect(report.join).toMatchObject({
    rows: { left: 300, right: 3, joined: 2 * hot + 1 },
    lost: 299 - hot,
    multiplied: hot,
  });
  expect(report.seconds).toBeGreaterThan(0);
  expect(report.partitions).toMatchObject({ count: 1, skewed: [] });
});

test('skew tells what it could not read, and asks for a key that both sides can compare', async () => {
  const empty = await sluice(['skew', 'in/empty.csv', '--key', 'id', '--json'], { cwd });
  expect(empty.status).toBe(1);
  expect(JSON.parse(empty.stdout)).toMatchObject({ rows: 0, key: ['id'], quarantined: [{ code: 'OBJECT_EMPTY' }] });
  writeFileSync(join(cwd, 'other.csv'), 'id,name\nx1,a\nx2,b\n');
  const mixed = await sluice(['skew', 'in/a.csv', '--key', 'id', '--join', 'other.csv'], { cwd });
  expect(mixed.stderr).toContain('USAGE: expected id of --join to be comparable with BIGINT, got VARCHAR');
  const none = await sluice(['skew', 'in/a.csv', '--key', ''], { cwd });
  expect([none.status, none.stderr]).toEqual([2, expect.stringContaining('expected --key with the name of a column')]);
});

test('a reader that stops reading ends nothing: the rest is written to nobody, without a word', async () => {
  const bin = fileURLToPath(new URL('../../bin/sluice.mjs', import.meta.url));
  const script = '"$0" "$1" profile in/a.csv --json 2>err | true; echo "${PIPESTATUS[0]}"';
  const { stdout } = await promisify(execFile)('bash', ['-c', script, process.execPath, bin], { cwd });
  expect([stdout, readFileSync(join(cwd, 'err'), 'utf8')]).toEqual(['0\n', expect.not.stringContaining('Error')]);
});

test('a contract of the standard is imported, judges files as it is, and what it leaves out is named', async () => {
  const odcs = (quality: string) => `apiVersion: v3.1.0
kind: DataContract
id: x
version: "1"
status: active
team: { name: sales }
schema:
  - name: rows
    properties: [{ name: id, required: true, unique: true }]
    quality: [{ metric: rowCount, ${quality} }]
`;
  writeFileSync(join(cwd, 'c.odcs.yaml'), odcs('mustBeGreaterThan: 1000'));
  const imported = await sluice(['contract', 'import', 'c.odcs.yaml', '--json'], { cwd });
  expect(JSON.parse(imported.stdout)).toEqual({
    columns: { id: { checks: ['required', 'unique'] } },
    checks: [{ metric: 'rowCount', mustBeGreaterThan: 1000 }],
    notTaken: [{ path: 'team', why: 'Sluice has no use for it' }],
  });
  const judged = await sluice(['check', 'in', '--contract', 'c.odcs.yaml', '--json'], { cwd });
  expect([judged.status, JSON.parse(judged.stdout).checks.map((one: { verdict: string }) => one.verdict)]).toEqual([
    1,
    ['pass', 'pass', 'fail'],
  ]);
  writeFileSync(
    join(cwd, 'sluice.yaml'),
    'version: 1\ndatasets: { d: { source: { prefix: a/ }, columns: { id: { checks: [required] } } } }\n',
  );
  const exported = await sluice(['contract', 'export', 'd', '--json'], { cwd });
  expect(JSON.parse(exported.stdout)).toMatchObject({
    kind: 'DataContract',
    schema: [{ properties: [{ required: true }] }],
  });
  writeFileSync(join(cwd, 'c.odcs.yaml'), odcs('mustBeGreaterThen: 1'));
  const wrong = await sluice(['check', 'in', '--contract', 'c.odcs.yaml', '--json'], { cwd });
  expect([wrong.status, JSON.parse(wrong.stdout).error.message]).toEqual([
    2,
    expect.stringContaining('mustBeGreaterThen'),
  ]);
});

test('profile reads Parquet files of one schema where they are', async () => {
  await sluice(['compact', 'in', '--out', 'out'], { cwd });
  const { status, stdout } = await sluice(['profile', 'out', '--json'], { cwd });
  expect([status, JSON.parse(stdout).rows]).toEqual([0, 500]);
});

test('check judges files by a contract file, ends with 1 when a check fails, and with 2 when the contract is none', async () => {
  const contract = 'columns:\n  id: { checks: [required, unique] }\n  price: { checks: [{ range: { max: 240 } }] }\n';
  writeFileSync(join(cwd, 'contract.yaml'), contract);
  const { status, stdout } = await sluice(['check', 'in', '--contract', 'contract.yaml', '--json'], { cwd });
  const { verdict, checks } = JSON.parse(stdout);
  const verdicts = checks.map((one: { column: string; verdict: string }) => [one.column, one.verdict]);
  expect([status, verdict, verdicts]).toEqual([
    1,
    'fail',
    [
      ['id', 'pass'],
      ['id', 'pass'],
      ['price', 'fail'],
    ],
  ]);
  writeFileSync(join(cwd, 'contract.yaml'), 'columns:\n  id: { cheks: [required] }\n');
  const wrong = await sluice(['check', 'in', '--contract', 'contract.yaml', '--json'], { cwd });
  expect([wrong.status, JSON.parse(wrong.stdout).error.code]).toEqual([2, 'CONFIG_INVALID']);
});

test('wrong usage ends with 2 and says what was expected, as JSON where that was asked for', async () => {
  const cases = [
    ['frob'],
    ['profile', '--frob', 'in'],
    ['compact', 'in'],
    ['profile', 'nowhere'],
    ['skew', 'in', '--key', 'nme'],
  ];
  for (const args of cases) {
    const { status, stdout, stderr } = await sluice([...args, '--json'], { cwd });
    expect([args, status]).toEqual([args, 2]);
    expect(JSON.parse(stdout).error.message.length).toBeGreaterThan(10);
    expect(stderr).not.toBe('');
    if (args[0] === 'skew')
      expect(JSON.parse(stdout).error).toMatchObject({
        code: 'USAGE',
        message: 'expected a key among the columns of the files (id, name, price), got nme',
      });
  }
});

test('help and version end with 0', async () => {
  const help = await sluice(['compact', '--help'], { cwd });
  expect([help.status, help.stdout.includes('--target')]).toEqual([0, true]);
  const version = await sluice(['--version'], { cwd });
  expect([version.status, /^\d+\.\d+\.\d+\n$/.test(version.stdout)]).toEqual([0, true]);
});

test('validate names every fault at once with its line, and ends with 2', async () => {
  writeFileSync(
    join(cwd, 'sluice.yaml'),
    'version: 1\ndatasets:\n  a:\n    source: { prefix: raw/ }\n    frob: 1\n    batch: { maxFiles: many }\n',
  );
  const { status, stdout } = await sluice(['validate', '--json'], { cwd });
  const { valid, faults } = JSON.parse(stdout);
  expect([status, valid, faults.map((fault: { line: number }) => fault.line).sort()]).toEqual([2, false, [5, 6]]);
});

test('profile --suggest prints checks that validate takes and that the same files pass', async () => {
  const suggested = await sluice(['profile', 'in/a.csv', 'in/c.ndjson', '--suggest'], { cwd });
  expect(suggested.status).toBe(0);
  writeFileSync(join(cwd, 'contract.yaml'), suggested.stdout);
  const dataset = suggested.stdout.replaceAll(/^/gm, '    ');
  writeFileSync(join(cwd, 'sluice.yaml'), `version: 1\ndatasets:\n  orders:\n    source: { prefix: raw/ }\n${dataset}`);
  const validated = await sluice(['validate'], { cwd });
  expect([validated.status, validated.stderr]).toEqual([0, '']);
  const checked = await sluice(['check', 'in/a.csv', 'in/c.ndjson', '--contract', 'contract.yaml', '--json'], { cwd });
  expect([checked.status, JSON.parse(checked.stdout).verdict]).toEqual([0, 'pass']);
  expect(JSON.parse(checked.stdout).checks.length).toBeGreaterThan(4);
});

test('an invalid contract is told with every fault, its place, what was expected and what came', async () => {
  const contract =
    'columns: { id: { checks: [requird, { range: { min: 5, max: 1 } }] } }\nchecks: [{ metric: rowCount }]\nmore: 1\n';
  writeFileSync(join(cwd, 'bad.yaml'), contract.replace('columns: {', 'columns: { __proto__: { checks: [required] },'));
  const { status, stdout } = await sluice(['check', 'in/a.csv', '--contract', 'bad.yaml', '--json'], { cwd });
  const { error } = JSON.parse(stdout);
  expect([status, error.code]).toEqual([2, 'CONFIG_INVALID']);
  for (const part of [
    'columns.id.checks[0]: expected required, unique or a mapping such as { range: { min: 0 } }, got "requird"',
    'columns.id.checks[1].range: expected min at most max, got them the other way round',
    'checks[0]: expected a bound beside metric: rowCount',
    'more: expected a known key, got unknown key more',
    'columns.__proto__: expected another name, got __proto__',
  ])
    expect(error.message).toContain(part);
  writeFileSync(join(cwd, 'round.yaml'), 'columns: &a\n  x: *a\n');
  const round = await sluice(['check', 'in/a.csv', '--contract', 'round.yaml', '--json'], { cwd });
  expect([round.status, JSON.parse(round.stdout).error.code]).toEqual([2, 'CONFIG_INVALID']);
});

test('check compares with files that stand for another dataset, and asks for them before it reads anything', async () => {
  writeFileSync(join(cwd, 'known.csv'), 'key,since\n0,2020\n1,2021\n');
  writeFileSync(
    join(cwd, 'c.yaml'),
    'columns: { id: { checks: [{ references: { dataset: people, column: key } }] } }\n',
  );
  const without = await sluice(['check', 'in/a.csv', '--contract', 'c.yaml'], { cwd });
  expect(without.status).toBe(2);
  expect(without.stderr).toContain('expected --reference people=FILES: the contract refers to people');
  const args = ['check', 'in/a.csv', '--contract', 'c.yaml', '--json', '--reference'];
  const judged = await sluice([...args, 'people=known.csv'], { cwd });
  expect(judged.status).toBe(1);
  expect(JSON.parse(judged.stdout).checks).toMatchObject([{ name: 'id.references', failingRows: 198 }]);
  const itself = await sluice([...args, 'people=in/a.csv'], { cwd });
  expect(JSON.parse(itself.stdout).checks).toMatchObject([
    { verdict: 'fail', reason: 'people has no column "key"', actual: null },
  ]);
  expect((await sluice([...args, 'known.csv'], { cwd })).status).toBe(2);
  writeFileSync(
    join(cwd, 'c.yaml'),
    'checks: [{ references: { dataset: people, columns: { id: id, name: name } } }]\n',
  );
  writeFileSync(join(cwd, 'pairs.csv'), 'name,id\nn0,0\nn1,1\nn2,2\nn1,3\n');
  const together = await sluice([...args, 'people=pairs.csv'], { cwd });
  expect(JSON.parse(together.stdout).checks).toMatchObject([{ name: 'references(id, name)', failingRows: 197 }]);
});
