import { SluiceError, toSluiceError } from '../../errors.js';
import type { Warehouse } from '../port.js';
import type { ConnectOptions, Session } from './client.js';
import { openSession } from './client.js';
import { parseTableName } from './identifiers.js';
import type { OnPhase } from './loadBatch.js';
import { loadBatch } from './loadBatch.js';
import { loadByPipe } from './loadByPipe.js';
import { createWithin } from './prepareTable.js';
import { openPipeClient } from './pipeClient.js';
import { presentRows } from './presentRows.js';
import type { Bounds, Run } from './run.js';
import { DEFAULT_BOUNDS, runner } from './run.js';
import { BOOKS_SCHEMA, createBooks } from './sql/books.js';
import { setSession } from './sql/session.js';
import { createExternalStage, createInternalStage } from './sql/staging.js';
import type { StageKind } from './stageFiles.js';
import { stageName } from './stageFiles.js';
import { sweepLeftovers } from './sweepLeftovers.js';

/** A Snowflake target. */
export interface SnowflakeWarehouseOptions {
  /** Its name in the configuration. */
  readonly name: string;
  readonly connect: Omit<ConnectOptions, 'connectMs'>;
  readonly stage: StageKind;
  /** JSON object: who pays for the queries. Sluice adds itself and the target. */
  readonly queryTag?: Readonly<Record<string, string>>;
  /** Columns to cluster a new table by, as delivered; by the table as the config writes it. */
  readonly clusterBy?: Readonly<Record<string, readonly string[]>>;
  /** Tables that pipes load, as the config writes them. */
  readonly pipes?: ReadonlySet<string>;
  /** Notification integration that is told of files which a pipe cannot copy. */
  readonly errorIntegration?: string | undefined;
  readonly bounds?: Partial<Bounds>;
  /** Milliseconds since 1970. Default: the system's clock. */
  readonly now?: () => number;
  /** Called at each phase of a load: for tests that cut loads off. */
  readonly onPhase?: OnPhase;
}

/** Opens a Snowflake target; connects at the first use. Idle sessions are kept for the next load. */
export function openSnowflakeWarehouse(options: SnowflakeWarehouseOptions): Warehouse {
  const { connect, clusterBy = {}, pipes = new Set<string>(), now = Date.now, onPhase } = options;
  const bounds = { ...DEFAULT_BOUNDS, ...options.bounds };
  const home = { database: connect.database, schema: connect.schema };
  const stage = { database: connect.database, schema: BOOKS_SCHEMA, name: stageName(options.stage) };
  const sessions = openSessions(options);
  let sweptMs = 0;
  /** Once a day, after a load: a failure is tried again a day later. */
  const sweep = async (run: Run) => {
    const nowMs = now();
    if (nowMs - sweptMs < SWEEP_EVERY_MS) return;
    sweptMs = nowMs;
    const { database } = connect;
    await sweepLeftovers(run, { database, stage, kind: options.stage.kind, nowMs }).catch(() => 0);
  };
  return {
    kind: 'snowflake',
    displayUrl: `snowflake://${connect.user}@${connect.account}/${connect.database}/${connect.schema}`,
    load: async (request) => {
      const table = parseTableName(request.table, home);
      return await sessions.use(
        { doing: `the load into ${request.table}`, signal: request.signal },
        async (run, tidy) => {
          await sessions.prepare(run);
          const context = { run, tidy, table, stage, stageKind: options.stage.kind, onPhase };
          const keys = { ...context, clusterBy: clusterBy[request.table] ?? [] };
          if (!pipes.has(request.table)) {
            const receipt = await loadBatch(keys, request);
            await sweep(tidy);
            return receipt;
          }
          const { errorIntegration } = options;
          const patience = { patienceMs: bounds.pipeMs, pollMs: bounds.pollMs, errorIntegration };
          return await loadByPipe({ ...keys, ...patience, pipes: openPipeClient(connect, bounds.connectMs) }, request);
        },
      );
    },
    presentRows: async (text, objects) => {
      const table = parseTableName(text, home);
      return await sessions.use({ doing: `the count in ${text}` }, async (run) => {
        await sessions.prepare(run);
        return await presentRows(run, table, objects);
      });
    },
    ask: (sql) => sessions.use({ doing: 'the query' }, (run) => run({ text: sql }, 'rows')),
    close: () => sessions.close(),
  };
}

const TIDY_MS = 5_000;
const SWEEP_EVERY_MS = 24 * 3_600_000;

interface Use {
  readonly doing: string;
  readonly signal?: AbortSignal | undefined;
}

/** Sessions that are opened when needed and kept while idle; one that failed is closed, and with it its transaction. */
function openSessions(options: SnowflakeWarehouseOptions) {
  const bounds = { ...DEFAULT_BOUNDS, ...options.bounds };
  const idle: Session[] = [];
  let prepared = false;
  const open = async (): Promise<Session> => {
    const session = await openSession({ ...options.connect, connectMs: bounds.connectMs });
    const tag = JSON.stringify({ ...options.queryTag, app: 'sluice', target: options.name });
    const settings = {
      queryTag: tag,
      statementTimeoutS: Math.ceil(bounds.rowsMs / 1000),
      lockTimeoutS: Math.ceil(bounds.statementMs / 1000),
    };
    await runner(session, bounds, { doing: 'the settings of the session' })(setSession(settings)).catch(
      async (error: unknown) => {
        await session.close();
        throw error;
      },
    );
    return session;
  };
  return {
    use: async <T>({ doing, signal }: Use, work: (run: Run, tidy: Run) => Promise<T>): Promise<T> => {
      const session = idle.pop() ?? (await open());
      try {
        const tidy = runner(session, { ...bounds, statementMs: TIDY_MS }, { doing });
        const answer = await work(runner(session, bounds, { doing, signal }), tidy);
        idle.push(session);
        return answer;
      } catch (error) {
        await session.close();
        throw signal?.aborted === true ? error : targetError(error);
      }
    },
    /** Creates books and stage, once a process. */
    prepare: async (run: Run): Promise<void> => {
      if (prepared) return;
      const { database } = options.connect;
      await createWithin(run, { database, schema: BOOKS_SCHEMA }, [...createBooks(database), createStage(options)]);
      prepared = true;
    },
    close: async () => void (await Promise.all(idle.splice(0).map((session) => session.close()))),
  };
}

function createStage({ connect, stage }: SnowflakeWarehouseOptions) {
  const name = { database: connect.database, schema: BOOKS_SCHEMA, name: stageName(stage) };
  return stage.kind === 'external'
    ? createExternalStage(name, stage.url, stage.integration)
    : createInternalStage(name);
}

/** Whatever else was thrown while a connection was lost: the socket's own errors. */
function targetError(error: unknown): SluiceError {
  const code: unknown = error instanceof Error ? Object.getOwnPropertyDescriptor(error, 'code')?.value : undefined;
  if (error instanceof SluiceError || typeof code !== 'string' || !/^E[A-Z]+$/.test(code)) return toSluiceError(error);
  return new SluiceError('TARGET_AWAY', `expected Snowflake to answer, got ${code}`, { cause: error });
}
