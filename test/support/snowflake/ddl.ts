import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import type { Account } from './account.js';
import { tableId } from './account.js';
import { PARQUET, requirePiped } from './copyInto.js';
import { toDuck } from './duckSql.js';
import { duckName, duckType } from './duckTypes.js';
import { noSuchThing, SnowflakeFault, unknownStatement } from './fault.js';
import type { Rowset } from './rowset.js';
import { textRowset } from './rowset.js';
import { NAME, nameParts, readOptions, splitList, unquoteLiteral } from './text.js';

type Ddl = (account: Account, connection: DuckDBConnection, parts: readonly string[]) => Promise<Rowset>;

const done = (text: string) => textRowset(['status'], [[text]]);

const STAGE_OPTIONS = { URL: /^'s3:\/\/[^']+\/'$/, STORAGE_INTEGRATION: /^"/, FILE_FORMAT: PARQUET };

/** Statements that Sluice emits, each by its exact shape. */
const FORMS: readonly (readonly [RegExp, Ddl])[] = [
  [
    new RegExp(`^CREATE SCHEMA IF NOT EXISTS ${NAME}$`),
    async (_account, connection, [name = '']) => {
      await connection.run(`CREATE SCHEMA IF NOT EXISTS ${duckName(name)}`);
      return done('created');
    },
  ],
  [
    new RegExp(
      `^CREATE (OR REPLACE TRANSIENT )?TABLE (IF NOT EXISTS )?${NAME} (\\(.*?\\))( CLUSTER BY \\([^)]*\\)| DATA_RETENTION_TIME_IN_DAYS = 0)?$`,
    ),
    createTable,
  ],
  [new RegExp(`^CREATE STAGE IF NOT EXISTS ${NAME} (.*)$`), createStage],
  [
    new RegExp(
      `^CREATE PIPE IF NOT EXISTS ${NAME} AUTO_INGEST = FALSE(?: ERROR_INTEGRATION = ("(?:[^"]|"")+"))? AS (COPY INTO .*)$`,
    ),
    createPipe,
  ],
  [new RegExp(`^ALTER PIPE IF EXISTS ${NAME} SET ERROR_INTEGRATION = ("(?:[^"]|"")+")$`), alterPipe],
  [new RegExp(`^DROP TABLE IF EXISTS ${NAME}$`), dropTable],
  [new RegExp(`^ALTER TABLE ${NAME} ADD COLUMN IF NOT EXISTS ("(?:[^"]|"")+") (\\S+)$`), addColumn],
  [new RegExp(`^ALTER TABLE ${NAME} ALTER COLUMN ("(?:[^"]|"")+") SET DATA TYPE (\\S+)$`), alterType],
  [
    new RegExp(`^CREATE OR REPLACE VIEW ${NAME} AS (SELECT .*)$`),
    async (_account, connection, [name = '', select = '']) => {
      await connection.run(`CREATE OR REPLACE VIEW ${duckName(name)} AS ${toDuck(select)}`);
      return done('created');
    },
  ],
  [new RegExp(`^DESCRIBE TABLE ${NAME}$`), describe],
  [new RegExp(`^SHOW TABLES LIKE ('[^']*') IN SCHEMA ${NAME}$`), showTables],
];

/** Runs DDL, DESCRIBE and SHOW. */
export async function runDdl(account: Account, connection: DuckDBConnection, text: string): Promise<Rowset> {
  for (const [form, run] of FORMS) {
    const match = form.exec(text);
    if (match !== null) return await run(account, connection, match.slice(1));
  }
  throw unknownStatement(text);
}

/** What DESCRIBE says of a declared type. */
function fullType(type: string): string {
  const defaults: Readonly<Record<string, string>> = {
    VARCHAR: 'VARCHAR(16777216)',
    BINARY: 'BINARY(8388608)',
    NUMBER: 'NUMBER(38,0)',
    TIME: 'TIME(9)',
    TIMESTAMP_NTZ: 'TIMESTAMP_NTZ(9)',
    TIMESTAMP_LTZ: 'TIMESTAMP_LTZ(9)',
  };
  return defaults[type] ?? type;
}

async function createTable(account: Account, connection: DuckDBConnection, parts: readonly string[]): Promise<Rowset> {
  const [replace, ifNotExists, name = '', list = '', tail = ''] = parts;
  if ((replace !== undefined) !== tail.includes('DATA_RETENTION')) throw unknownStatement(`CREATE TABLE ... ${tail}`);
  const id = tableId(name);
  if (ifNotExists !== undefined && account.tables.has(id)) return done(`${id} already exists, statement succeeded.`);
  const columns = splitList(list.slice(1, -1)).map((item) => {
    const match = /^"((?:[^"]|"")+)" ([A-Z_]+(?:\(\d+(?:,\d+)?\))?)( NOT NULL)?$/.exec(item);
    if (match === null) throw unknownStatement(`column ${item}`);
    return { name: match[1]?.replaceAll('""', '"') ?? '', type: match[2] ?? '', notNull: match[3] ?? '' };
  });
  const lines = columns.map((one) => `"${one.name.replaceAll('"', '""')}" ${duckType(one.type)}${one.notNull}`);
  await connection.run(
    `CREATE ${replace === undefined ? '' : 'OR REPLACE '}TABLE ${duckName(name)} (${lines.join(', ')})`,
  );
  const keys = splitList(/^ CLUSTER BY \((.*)\)$/.exec(tail)?.[1] ?? '').flatMap(nameParts);
  const strange = keys.find((key) => !columns.some(({ name: column }) => column === key));
  if (strange !== undefined) throw noSuchThing(`Column '${strange}'`);
  account.tables.set(id, new Map(columns.map((one) => [one.name, fullType(one.type)])));
  return done(`Table ${id} successfully created.`);
}

async function createStage(
  account: Account,
  _connection: DuckDBConnection,
  [name = '', rest = '']: readonly string[],
): Promise<Rowset> {
  const options = readOptions(rest, STAGE_OPTIONS);
  const id = tableId(name);
  if (account.stages.has(id)) return done(`${id} already exists, statement succeeded.`);
  const integration = options['STORAGE_INTEGRATION'];
  if (integration === undefined) {
    const folder = join(account.folder, 'stages', id);
    await mkdir(folder, { recursive: true });
    account.stages.set(id, { kind: 'internal', folder });
    return done('created');
  }
  const bucket = account.integrations.get(nameParts(integration)[0] ?? '');
  if (bucket === undefined) throw noSuchThing(`Integration '${integration}'`);
  if (unquoteLiteral(options['URL'] ?? "''") === '') throw unknownStatement(rest);
  account.stages.set(id, { kind: 'external', folder: bucket });
  return done('created');
}

async function createPipe(
  account: Account,
  _connection: DuckDBConnection,
  [name = '', told, copy = '']: readonly (string | undefined)[],
): Promise<Rowset> {
  requirePiped(copy);
  requireToldOf(account, told);
  if (!account.pipes.has(tableId(name))) account.pipes.set(tableId(name), { copy, files: new Map(), told });
  return done('created');
}

async function alterPipe(
  account: Account,
  _connection: DuckDBConnection,
  [name = '', told]: readonly (string | undefined)[],
): Promise<Rowset> {
  requireToldOf(account, told);
  const pipe = account.pipes.get(tableId(name));
  if (pipe !== undefined) pipe.told = told;
  return done('altered');
}

/** Errors: there is no such notification integration. */
function requireToldOf(account: Account, integration: string | undefined): void {
  if (integration === undefined || account.integrations.has(nameParts(integration)[0] ?? '')) return;
  throw noSuchThing(`Integration '${integration}'`);
}

async function dropTable(
  account: Account,
  connection: DuckDBConnection,
  [name = '']: readonly string[],
): Promise<Rowset> {
  await connection.run(`DROP TABLE IF EXISTS ${duckName(name)}`);
  account.tables.delete(tableId(name));
  return done('dropped');
}

async function addColumn(account: Account, connection: DuckDBConnection, parts: readonly string[]): Promise<Rowset> {
  const [name = '', column = '', type = ''] = parts;
  const columns = account.tables.get(tableId(name));
  if (columns === undefined) throw noSuchThing(`Table '${name}'`);
  const [plain = ''] = nameParts(column);
  if (columns.has(plain)) return done('column already exists, statement succeeded.');
  await connection.run(`ALTER TABLE ${duckName(name)} ADD COLUMN ${duckName(column)} ${duckType(type)}`);
  columns.set(plain, fullType(type));
  return done('Statement executed successfully.');
}

async function alterType(account: Account, connection: DuckDBConnection, parts: readonly string[]): Promise<Rowset> {
  const [name = '', column = '', type = ''] = parts;
  const columns = account.tables.get(tableId(name));
  const [plain = ''] = nameParts(column);
  const before = columns?.get(plain);
  if (columns === undefined || before === undefined) throw noSuchThing(`Table '${name}'`);
  const number = (text: string) => /^NUMBER\((\d+),(\d+)\)$/.exec(text);
  const [from, to] = [number(before), number(type)];
  if (from === null || to === null || from[2] !== to[2] || Number(from[1]) > Number(to[1])) {
    throw new SnowflakeFault('040052', '22000', `cannot change column ${column} from type ${before} to ${type}`);
  }
  await connection.run(`ALTER TABLE ${duckName(name)} ALTER COLUMN ${duckName(column)} TYPE ${duckType(type)}`);
  columns.set(plain, fullType(type));
  return done('Statement executed successfully.');
}

async function describe(
  account: Account,
  _connection: DuckDBConnection,
  [name = '']: readonly string[],
): Promise<Rowset> {
  const columns = account.tables.get(tableId(name));
  if (columns === undefined) throw noSuchThing(`Table '${name}'`);
  return textRowset(
    ['name', 'type', 'kind', 'null?'],
    [...columns].map(([column, type]) => [column, type, 'COLUMN', 'Y']),
  );
}

async function showTables(
  account: Account,
  _connection: DuckDBConnection,
  [like = '', schema = '']: readonly string[],
): Promise<Rowset> {
  const prefix = unquoteLiteral(like).replaceAll('\\', '').replace(/%$/, '');
  const place = `${nameParts(schema).join('.')}.`;
  const names = [...account.tables.keys()].filter((id) => id.startsWith(`${place}${prefix}`));
  return textRowset(
    ['created_on', 'name'],
    names.map((id) => [new Date().toISOString(), id.slice(place.length)]),
  );
}
