import { execFileSync, spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { parseStatement } from '../../../support/snowflake/grammar.js';
import { EVERY, EXAMPLES, MODULES, PARTS } from './everyStatement.js';

const texts = [...new Set(EVERY.map(({ text }) => text))];

/**
 * Options by the statement's first words, from Snowflake's reference of each (docs.snowflake.com/en/sql-reference/sql/...), with the
 * values that Sluice may give them.
 */
const FILE_FORMAT = ['TYPE', 'USE_LOGICAL_TYPE', 'USE_VECTORIZED_SCANNER', 'BINARY_AS_TEXT', 'TRIM_SPACE', 'NULL_IF'];
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  'ALTER SESSION': [
    'TIMEZONE',
    'QUOTED_IDENTIFIERS_IGNORE_CASE',
    'ABORT_DETACHED_QUERY',
    'TRANSACTION_ABORT_ON_ERROR',
    'ERROR_ON_NONDETERMINISTIC_MERGE',
    'AUTOCOMMIT',
    'STATEMENT_TIMEOUT_IN_SECONDS',
    'LOCK_TIMEOUT',
    'TIMESTAMP_NTZ_OUTPUT_FORMAT',
    'TIMESTAMP_LTZ_OUTPUT_FORMAT',
    'TIMESTAMP_TZ_OUTPUT_FORMAT',
    'BINARY_OUTPUT_FORMAT',
    'QUERY_TAG',
  ],
  'COPY INTO': ['FILES', 'FILE_FORMAT', ...FILE_FORMAT, 'ON_ERROR', 'PURGE'],
  'CREATE PIPE': ['AUTO_INGEST', 'ERROR_INTEGRATION', 'FILE_FORMAT', ...FILE_FORMAT],
  'ALTER PIPE': ['ERROR_INTEGRATION'],
  'CREATE STAGE': ['URL', 'STORAGE_INTEGRATION', 'FILE_FORMAT', ...FILE_FORMAT],
  'CREATE TRANSIENT TABLE': ['DATA_RETENTION_TIME_IN_DAYS'],
  'PUT FILE': ['AUTO_COMPRESS', 'OVERWRITE', 'PARALLEL'],
  'CREATE USER': ['TYPE', 'DEFAULT_ROLE', 'DEFAULT_WAREHOUSE', 'RSA_PUBLIC_KEY'],
  'CREATE WAREHOUSE': ['WAREHOUSE_SIZE', 'AUTO_SUSPEND', 'AUTO_RESUME', 'INITIALLY_SUSPENDED'],
  'ALTER WAREHOUSE': ['RESOURCE_MONITOR'],
  'CREATE RESOURCE MONITOR': ['CREDIT_QUOTA', 'FREQUENCY', 'START_TIMESTAMP'],
  'CREATE STORAGE INTEGRATION': [
    'TYPE',
    'STORAGE_PROVIDER',
    'ENABLED',
    'STORAGE_AWS_ROLE_ARN',
    'STORAGE_ALLOWED_LOCATIONS',
  ],
  'CREATE NOTIFICATION INTEGRATION': [
    'ENABLED',
    'TYPE',
    'NOTIFICATION_PROVIDER',
    'DIRECTION',
    'AWS_SNS_TOPIC_ARN',
    'AWS_SNS_ROLE_ARN',
  ],
};

/** Statements that the grammar knows only by their first words: it says nothing about the rest. */
const ONLY_BEGUN =
  /^(CREATE (STAGE|PIPE|WAREHOUSE|RESOURCE MONITOR|STORAGE INTEGRATION|NOTIFICATION INTEGRATION|USER|ROLE)|GRANT ROLE|REMOVE|LIST|ALTER (WAREHOUSE|PIPE))\b/;

const python = process.env['SLUICE_PYTHON'] ?? 'python3';
const hasPython = (module: string) => spawnSync(python, ['-c', `import ${module}`]).status === 0;

/** A second opinion that only some machines have: where it is missing the line says so, and no test stands in its place. */
function where(present: boolean): (name: string, run: () => void) => void {
  return (name, run) => {
    if (present) it(name, run);
    else process.stderr.write(`not run here: ${name}\n`);
  };
}

describe('statements for Snowflake', () => {
  it('has an example of every function that makes one', () => {
    const made = Object.values(MODULES).flatMap((module) => Object.keys(module));
    expect(made.filter((name) => !PARTS.includes(name)).sort()).toEqual(Object.keys(EXAMPLES).sort());
  });

  it('has the same text as before', async () => {
    await expect(`${texts.join(';\n\n')};\n`).toMatchFileSnapshot('statements.sql');
  });

  it('gives only options of the reference', () => {
    expect(texts.flatMap(strangeOptions)).toEqual([]);
  });

  it('parses in a grammar that is not ours', () => {
    // What it has no word for at all: DESCRIBE INTEGRATION.
    const faults = texts
      .filter((text) => !text.startsWith('DESCRIBE INTEGRATION'))
      .flatMap((text) => {
        const parsed = parseStatement(text);
        if ('fault' in parsed) return [`${parsed.fault}: ${text}`];
        const isBegun = ONLY_BEGUN.test(text.replaceAll(/\b(OR REPLACE |IF NOT EXISTS )/g, ''));
        return ['raw', 'command'].includes(parsed.kind) && !isBegun ? [`${parsed.kind}: ${text}`] : [];
      });
    expect(faults).toEqual([]);
  });

  it('holds no secret', () => {
    const words = /PASSWORD|PRIVATE KEY|AWS_KEY_ID|AWS_SECRET|CREDENTIALS|AKIA[0-9A-Z]{16}|TOKEN/i;
    expect(texts.filter((text) => words.test(text))).toEqual([]);
  });

  where(hasPython('sqlglot'))('parses in sqlglot', () => {
    const program = `
import json, sys, sqlglot, logging
logging.disable(logging.CRITICAL)
out = []
for text in json.load(sys.stdin):
    try:
        trees = sqlglot.parse(text.replace('?', '1') if not text.startswith('ALTER SESSION') else text, read='snowflake', error_level=sqlglot.ErrorLevel.RAISE)
        if len(trees) != 1: out.append([text, 'several'])
    except Exception as error:
        out.append([text, str(error)[:200]])
print(json.dumps(out))`;
    const answer = execFileSync(python, ['-c', program], { input: JSON.stringify(texts), encoding: 'utf8' });
    expect(JSON.parse(answer)).toEqual([]);
  });

  where(hasPython('fakesnow'))('does what it says in fakesnow: books, rows, merge', () => {
    const program = `
import json, sys, fakesnow, snowflake.connector
names = json.load(sys.stdin)
with fakesnow.patch():
    cursor = snowflake.connector.connect(database='RAW', schema='PUBLIC').cursor()
    cursor.execute('CREATE SCHEMA IF NOT EXISTS "RAW"."_SLUICE"')
    def run(name, times=1):
        for text, binds in names[name]:
            for value in binds or []:
                text = text.replace('?', str(value) if isinstance(value, (int, float)) else "'" + value + "'", 1)
            cursor.execute(text)
        return cursor.fetchall()
    run('createBooks'); run('raiseFence'); run('raiseFence')
    fence = run('readFence')
    run('lockFence')
    first = run('claimLoad'); second = run('claimLoad')
    objects = run('claimObjects'); again = run('claimObjects')
    print(json.dumps([int(n) for n in [fence[0][0], first[0][0], second[0][0], objects[0][0], again[0][0], len(run('findLoad'))]]))`;
    const input = JSON.stringify(
      Object.fromEntries(
        Object.entries(EXAMPLES).map(([name, list]) => [name, list.map(({ text, binds }) => [text, binds])]),
      ),
    );
    const answer = execFileSync(python, ['-c', program], { input, encoding: 'utf8' });
    expect(JSON.parse(answer.trim().split('\n').at(-1) ?? '')).toEqual([2, 1, 0, 2, 0, 1]);
  });
});

function strangeOptions(text: string): readonly string[] {
  const bare = text.replaceAll(/'(?:[^'\\]|\\.|'')*'/g, `''`).replaceAll(/"(?:[^"]|"")*"/g, '""');
  const head = bare.replaceAll(/\b(OR REPLACE |IF NOT EXISTS )/g, '').replace(/^PUT ''/, 'PUT FILE');
  if (/^(SELECT|INSERT|UPDATE|DELETE|MERGE|CREATE VIEW)/.test(head)) return [];
  const known = ALLOWED[Object.keys(ALLOWED).find((words) => head.startsWith(words)) ?? ''] ?? [];
  const options = [...bare.matchAll(/(?<![."])\b([A-Z][A-Z_]+) =(?!>)/g)].map(([, name = '']) => name);
  return options.filter((name) => !known.includes(name)).map((name) => `${name} in ${text}`);
}
