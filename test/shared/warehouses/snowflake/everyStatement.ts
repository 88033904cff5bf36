import { asBatchId } from '../../../../src/shared/ids.js';
import { planTable } from '../../../../src/shared/warehouses/snowflake/planTable.js';
import { planStatements } from '../../../../src/shared/warehouses/snowflake/planStatements.js';
import * as books from '../../../../src/shared/warehouses/snowflake/sql/books.js';
import * as cost from '../../../../src/shared/warehouses/snowflake/sql/cost.js';
import * as hybrid from '../../../../src/shared/warehouses/snowflake/sql/hybrid.js';
import * as merge from '../../../../src/shared/warehouses/snowflake/sql/merge.js';
import * as pipe from '../../../../src/shared/warehouses/snowflake/sql/pipe.js';
import * as removes from '../../../../src/shared/warehouses/snowflake/sql/removes.js';
import * as replace from '../../../../src/shared/warehouses/snowflake/sql/replace.js';
import * as session from '../../../../src/shared/warehouses/snowflake/sql/session.js';
import * as setup from '../../../../src/shared/warehouses/snowflake/sql/setup.js';
import * as staging from '../../../../src/shared/warehouses/snowflake/sql/staging.js';
import type { Statement } from '../../../../src/shared/warehouses/snowflake/sql/statement.js';
import * as table from '../../../../src/shared/warehouses/snowflake/sql/table.js';
import * as turn from '../../../../src/shared/warehouses/snowflake/sql/turn.js';
import * as write from '../../../../src/shared/warehouses/snowflake/sql/write.js';
import { testObject } from '../../../support/loadRequests.js';

export const MODULES = {
  books,
  cost,
  hybrid,
  merge,
  pipe,
  removes,
  replace,
  session,
  setup,
  staging,
  table,
  turn,
  write,
};

/** Exports of the modules above that are parts of statements, not statements. */
export const PARTS = [
  'inBooks',
  'BOOKS_SCHEMA',
  'FILES_A_COPY',
  'PARQUET',
  'columnList',
  'selectStaged',
  'selectNewest',
  'nameStaged',
  'rangeColumn',
  'STAGED_OBJECT',
];

export const COLUMNS = [
  { name: 'id', type: 'BIGINT' },
  { name: 'amount', type: 'DECIMAL(10,2)' },
  { name: 'big', type: 'UBIGINT' },
  { name: 'ratio', type: 'DOUBLE' },
  { name: 'ok', type: 'BOOLEAN' },
  { name: `it's "odd"`, type: 'VARCHAR' },
  { name: 'day', type: 'DATE' },
  { name: 'at', type: 'TIMESTAMP' },
  { name: 'instant', type: 'TIMESTAMP WITH TIME ZONE' },
  { name: 'clock', type: 'TIME' },
  { name: 'bytes', type: 'BLOB' },
  { name: 'ref', type: 'UUID' },
  { name: 'doc', type: 'JSON' },
  { name: 'list', type: 'INTEGER[]' },
  { name: 'pair', type: 'STRUCT(a INTEGER)' },
  { name: 'pairs', type: 'MAP(VARCHAR, INTEGER)' },
];

const orders = { database: 'RAW', schema: 'PUBLIC', name: 'ORDERS' };
const twin = { database: 'RAW', schema: '_SLUICE', name: 'STG_1' };
const beside = { ...twin, name: 'STG_1_B' };
const turns = { ...twin, name: 'TURN_1' };
const files = { database: 'RAW', schema: '_SLUICE', name: 'FILES' };
const batch = asBatchId('01890000-0000-7000-8000-000000000001');
const key = { database: 'RAW', table: 'PUBLIC.ORDERS', batch, attempt: 2 };
const objects = [testObject('a'), testObject('b')];
const claims = objects.map((object, index) => ({ object, rows: index + 1 }));
const columns = planTable(orders, COLUMNS).columns;
const rows = { staging: twin, columns, batch, skipped: [testObject('c')] };
const keys = { key: ['ID', 'DAY'], orderBy: ['AT', 'BIG'] };
const range = { column: 'ID', type: 'NUMBER(38,0)', bounds: [1, 9] } as const;
const typed = [{ name: 'EXTRA', type: 'NUMBER(38,0)' }];
const fields = columns.map(({ source, target, staged }) => ({ source, name: target, type: staged }));

const PEOPLE = { user: 'LOADER', role: 'LOADER', warehouse: 'LOADING_WH', database: 'RAW', schema: 'PUBLIC' };
const ARN = 'arn:aws:iam::000000000000:role/reads-the-lake';
const account = setup.setupAccount({
  ...PEOPLE,
  publicKey: 'MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A',
  monthlyCredits: 20,
  stage: { integration: 'LAKE_S3', url: 's3://acme-lake/', awsRoleArn: ARN },
  pipes: true,
  notify: {
    integration: 'SLUICE_PIPE_FAILURES',
    topicArn: 'arn:aws:sns:eu-west-1:000000000000:pipes',
    awsRoleArn: ARN,
  },
});
const bare = setup.setupAccount({ ...PEOPLE, monthlyCredits: 20, pipes: false });

/** An example of what each function gives, by its name. */
export const EXAMPLES: Readonly<Record<string, readonly Statement[]>> = {
  createBooks: books.createBooks('RAW'),
  raiseFence: [books.raiseFence(key)],
  lockFence: [books.lockFence(key)],
  readFence: [books.readFence(key)],
  findLoad: [books.findLoad(key)],
  claimLoad: [books.claimLoad(key, { manifestHash: 'a'.repeat(64), rows: 3, scope: 'dt=1' })],
  findObjects: [books.findObjects(key, objects)],
  claimObjects: [books.claimObjects(key, claims)],
  oldestBatch: [books.oldestBatch(key, objects)],
  creditsOfMonth: [cost.creditsOfMonth('snow')],
  pipeCreditsOfMonth: [cost.pipeCreditsOfMonth('RAW')],
  uniteRecent: [
    hybrid.uniteRecent(orders, {
      view: 'ORDERS_ALL',
      recent: 'ORDERS_RECENT',
      columns: ['ID', 'AT'],
      at: 'AT',
      days: 7,
      now: 'SYSDATE()',
    }),
  ],
  selectOlder: [hybrid.selectOlder(orders, { columns: ['ID', 'AT'], at: 'AT', before: "CAST('2026-11-17' AS DATE)" })],
  createVerdicts: [merge.createVerdicts(beside)],
  keyRange: [merge.keyRange(rows, keys), merge.keyRange(rows, { key: ['RATIO'], orderBy: [] })],
  judgeRows: [
    merge.judgeRows(orders, rows, { keys, verdicts: beside, range }),
    merge.judgeRows(orders, { ...rows, skipped: [] }, { keys: { key: ['REF'], orderBy: [] }, verdicts: beside }),
  ],
  countTwice: [merge.countTwice(beside)],
  countVerdicts: [merge.countVerdicts(beside)],
  mergeRows: [
    merge.mergeRows(orders, rows, { keys, verdicts: beside, range }),
    merge.mergeRows(orders, rows, { keys: { key: ['RATIO'], orderBy: [] }, verdicts: beside }),
  ],
  noteOverwritten: [merge.noteOverwritten(key, beside)],
  createPipe: [
    pipe.createPipe({ ...orders, name: 'ORDERS_PIPE_1' }, orders, {
      columns,
      stage: { ...files, name: 'LAKE_LAKE_S3' },
    }),
    pipe.createPipe({ ...orders, name: 'ORDERS_PIPE_2' }, orders, {
      columns,
      stage: { ...files, name: 'LAKE_LAKE_S3' },
      errorIntegration: 'SLUICE_PIPE_FAILURES',
    }),
  ],
  tellErrors: [pipe.tellErrors({ ...orders, name: 'ORDERS_PIPE_2' }, 'SLUICE_PIPE_FAILURES')],
  copyHistory: [pipe.copyHistory(orders, 24)],
  enterReplaced: [removes.enterReplaced(key, [{ object: objects[0]!, by: objects[1]! }])],
  removeRows: removes.removeRows(key, orders, objects),
  noteKeptOut: [removes.noteKeptOut(key, claims)],
  countNewer: [replace.countNewer(key, 'dt=1')],
  findNewer: [replace.findNewer(key, objects)],
  createGone: [replace.createGone(beside)],
  takeOut: ['', 'dt=1'].flatMap((scope) => replace.takeOut(orders, beside, { key, scope, objects })),
  noteGone: [replace.noteGone(key, beside)],
  claimWhole: [replace.claimWhole(key, claims)],
  claimLate: [replace.claimLate(key, claims)],
  createTurn: turn.createTurn(turns),
  takeTurn: [turn.takeTurn(turns)],
  setSession: [
    session.setSession({ queryTag: '{"team":"it\'s \\"data\\""}', statementTimeoutS: 3600, lockTimeoutS: 120 }),
  ],
  BEGIN: [session.BEGIN],
  COMMIT: [session.COMMIT],
  ROLLBACK: [session.ROLLBACK],
  setupAccount: [...account, ...bare].flatMap(({ statements }) => statements),
  useRole: account.map(({ role }) => setup.useRole(role)),
  createInternalStage: [staging.createInternalStage(files)],
  createExternalStage: [staging.createExternalStage({ ...files, name: 'LAKE_LAKE_S3' }, 's3://acme-lake/', 'LAKE_S3')],
  putFile: [staging.putFile(files, `${batch}_0a1b2c3d/2/`, "/scratch/it's 1.parquet")],
  removeFiles: [staging.removeFiles(files, `${batch}_0a1b2c3d/`)],
  listFiles: [staging.listFiles(files)],
  createStaging: [staging.createStaging(twin, fields)],
  dropTable: [staging.dropTable(twin)],
  copyFiles: [
    staging.copyFiles(twin, fields, {
      stage: files,
      folder: `${batch}_0a1b2c3d/2/`,
      files: ['1.parquet', "it's 2.parquet"],
    }),
  ],
  showStaging: [staging.showStaging({ database: 'RAW', schema: '_SLUICE' })],
  describeTable: [table.describeTable(orders)],
  createSchema: [table.createSchema(orders)],
  createTable: [table.createTable(orders, typed, ['EXTRA']), ...planTable(orders, COLUMNS).ddl],
  addColumns: table.addColumns(orders, typed),
  widenColumns: table.widenColumns(orders, typed),
  countStaged: [write.countStaged(twin)],
  insertRows: [write.insertRows(orders, rows)],
  countPresent: [
    write.countPresent(orders, objects, { key }),
    write.countPresent(orders, objects, { key, fromBatch: batch }),
  ],
};

const load = {
  table: orders,
  columns: COLUMNS,
  clusterBy: ['at'],
  queryTag: '{"app":"sluice"}',
  files: ['curated/x.parquet'],
  mode: 'append',
} as const;

/** All of the above and what plans consist of, once each. */
export const EVERY: readonly Statement[] = [
  ...Object.values(EXAMPLES).flat(),
  ...[
    planStatements({ ...load, via: 'copy', stage: { kind: 'internal' } }),
    planStatements({ ...load, via: 'copy', stage: { kind: 'internal' }, mode: 'replace' }),
    planStatements({ ...load, via: 'copy', stage: { kind: 'internal' }, mode: 'upsert', key: ['id'], orderBy: ['at'] }),
    planStatements({
      ...load,
      via: 'copy',
      stage: { kind: 'external', integration: 'LAKE_S3', url: 's3://acme-lake/' },
    }),
    planStatements({
      ...load,
      via: 'snowpipe',
      stage: { kind: 'external', integration: 'LAKE_S3', url: 's3://acme-lake/' },
    }),
  ]
    .flat()
    .flatMap(({ statements }) => statements),
];
