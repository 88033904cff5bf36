/**
 * The dependency laws of the house. Each says in its comment what it protects. Type imports count too. That there are no cycles
 * is checked by oxlint (import/no-cycle): the parser here cannot tell a cycle of types, which is harmless, from one of values.
 */
const room = '^src/(producers|workers|console|cli)/';
module.exports = {
  forbidden: [
    {
      name: 'producers-meet-in-shared',
      severity: 'error',
      from: { path: '^src/producers/' },
      to: { path: '^src/(workers|console|cli|embedded)/' },
    },
    {
      name: 'workers-meet-in-shared',
      severity: 'error',
      from: { path: '^src/workers/' },
      to: { path: '^src/(producers|console|cli|embedded)/' },
    },
    {
      name: 'console-meets-in-shared',
      severity: 'error',
      from: { path: '^src/console/' },
      to: { path: '^src/(producers|workers|cli|embedded)/' },
    },
    {
      name: 'shared-knows-no-room',
      severity: 'error',
      from: { path: '^src/shared/' },
      to: { path: '^src/(producers|workers|console|cli|embedded)/' },
    },
    {
      name: 'embedded-stays-embedded',
      comment: 'only the command line starts embedded services',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(cli|embedded)/' },
      to: { path: '^src/embedded/' },
    },
    {
      name: 'job-kinds-never-import-each-other',
      severity: 'error',
      from: { path: '^src/workers/(plan|compact|profile|skew|check|load|maintain)/' },
      to: { path: '^src/workers/(plan|compact|profile|skew|check|load|maintain)/', pathNot: '^src/workers/$1/' },
    },
    {
      name: 'plans-are-pure',
      comment: 'plan, sql and read import no package',
      severity: 'error',
      from: { path: '^src/workers/[^/]+/(plan|sql|read)\\.ts$' },
      to: { dependencyTypes: ['npm', 'npm-dev', 'core'] },
    },
    {
      name: 'bullmq-only-in-queue',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(shared/queue|console/bullBoard)' },
      to: { path: 'node_modules/(bullmq|ioredis)/' },
    },
    {
      name: 'duckdb-only-in-engine',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/shared/engine/' },
      to: { path: 'node_modules/@duckdb/' },
    },
    {
      name: 'aws-only-in-its-adapters',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(shared/stores|shared/alerts|producers/sources)/' },
      to: { path: 'node_modules/@aws-sdk/' },
    },
    {
      name: 'pg-only-in-its-adapters',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(shared/ledger|shared/warehouses/postgres|shared/postgres|embedded)' },
      to: { path: 'node_modules/pg' },
    },
    {
      name: 'snowflake-only-in-its-adapter',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/shared/warehouses/snowflake/driver\\.ts$' },
      to: { path: 'node_modules/snowflake-sdk/' },
    },
    {
      name: 'no-dev-packages-in-src',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    parser: 'swc',
    enhancedResolveOptions: {
      extensions: ['.ts', '.js', '.mjs', '.cjs', '.json'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default'],
    },
  },
};
