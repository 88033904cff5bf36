import { randomUUID } from 'node:crypto';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { applySchedules } from '../producers/sources/schedules.js';
import { systemClock } from '../shared/clock.js';
import type { Config, Dataset, LakeConfig } from '../shared/config/config.js';
import { openEngine } from '../shared/engine/open.js';
import type { Engine } from '../shared/engine/port.js';
import { SluiceError } from '../shared/errors.js';
import { openLedger } from '../shared/ledger/open.js';
import type { Ledger } from '../shared/ledger/port.js';
import { openLineage } from '../shared/lineage/open.js';
import type { Lineage } from '../shared/lineage/port.js';
import { readEnvironment } from '../shared/config/load.js';
import { openTracing } from '../shared/telemetry/traces.js';
import { openTransport } from '../shared/lineage/transport.js';
import { openQueue, type RedisQueue } from '../shared/queue/open.js';
import { openStore } from '../shared/stores/open.js';
import type { ObjectStore } from '../shared/stores/port.js';
import { type Logger, silentLog } from '../shared/telemetry/log.js';
import type { Warehouse } from '../shared/warehouses/port.js';
import { openPostgresWarehouse } from '../shared/warehouses/postgres/openPostgresWarehouse.js';
import type { WorkerContext } from '../workers/context.js';
import { openSnowflakeTarget } from '../shared/warehouses/snowflake/openSnowflakeTarget.js';
import { openSweep } from './openSweep.js';
import { type EmbeddedOptions, openAddresses, type ServiceAddresses } from './embedded.js';

export interface OpenServicesOptions extends Pick<EmbeddedOptions, 'notifications' | 'redisKind' | 'durable'> {
  readonly config: Config;
  readonly logger?: Logger;
  /** False for commands that only read the ledger. Default true. */
  readonly queue?: boolean;
  /** True for intake alone, whose work is done when the ledger has it. Default false. */
  readonly queueMayBeAway?: boolean;
}

/** Every open thing that the commands use, embedded or real. */
export interface Services {
  readonly config: Config;
  readonly logger: Logger;
  readonly addresses: ServiceAddresses;
  readonly ledger: Ledger;
  /** Throws USAGE when opened without. */
  readonly queue: () => RedisQueue;
  readonly engine: Engine;
  readonly lake: ObjectStore;
  /** Absent where the configuration asks for none. */
  readonly lineage: Lineage | undefined;
  /** The store that a dataset's files arrive in. */
  readonly sourceStore: (dataset: string) => ObjectStore;
  readonly warehouse: (target: string) => Warehouse;
  /** What a worker of this process may touch. */
  workerContext(options?: { readonly closeNow?: boolean }): WorkerContext;
  close(): Promise<void>;
}

/**
 * Opens all services of a config: those that it leaves out are embedded. The ledger is brought to this version's shape.
 * Throws LEDGER_AWAY, QUEUE_AWAY, TARGET_AWAY, STORE_AWAY, SERVICE_NOT_STARTED.
 */
export async function openServices({
  config,
  logger = silentLog,
  queue: withQueue = true,
  queueMayBeAway: mayBeAway = false,
  ...embedding
}: OpenServicesOptions): Promise<Services> {
  const closers: (() => Promise<void>)[] = [];
  const close = async () => {
    for (const end of closers.toReversed())
      await end().catch((error: unknown) => logger.warn({ error: String(error) }, 'a service did not close well'));
    closers.length = 0;
  };
  const own = <T extends { close(): Promise<void> }>(service: T): T => {
    closers.push(() => service.close());
    return service;
  };
  try {
    own(await openTracing(readEnvironment()));
    const addresses = own(await openAddresses({ config, logger, queue: withQueue, ...embedding }));
    const ledger = own(await openLedger({ url: addresses.ledgerUrl }));
    await ledger.migrate();
    const queue =
      withQueue && addresses.redisUrl !== undefined
        ? own(await openQueue({ url: addresses.redisUrl, logger, mayBeAway }))
        : undefined;
    const engine = own(openEngine({ maxChildren: config.worker.concurrency + 1 }));
    const lake = openStore(addresses.lake.url, storeOptions(addresses.lake)).store;
    const sources = new Map(config.datasets.map((dataset) => [dataset.name, openSource(dataset, addresses, lake)]));
    const warehouses = await openWarehouses(config, addresses, own);
    const lineage =
      config.lineage === undefined ? undefined : own(openLineage({ transport: openTransport(config.lineage), logger }));
    const parts = { config, logger, addresses, ledger, engine, lake, lineage };
    const sourceStore = (dataset: string) => found(sources, dataset, 'dataset');
    const warehouse = (target: string) => found(warehouses, target, 'target');
    const requireQueue = () => {
      if (queue === undefined) throw new SluiceError('USAGE', 'expected a queue, got services opened without one');
      return queue;
    };
    const workerContext = ({ closeNow = false } = {}): WorkerContext =>
      buildContext({ ...parts, sourceStore, warehouse, queue: requireQueue() }, closeNow);
    return { ...parts, queue: requireQueue, sourceStore, warehouse, workerContext, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function openSource({ source }: Dataset, addresses: ServiceAddresses, lake: ObjectStore): ObjectStore {
  return source.url === undefined ? lake : openStore(source.url, storeOptions(addresses.lake)).store;
}

/** How the stores' adapter takes the lake's settings; without keys the AWS credential chain decides. */
export function storeOptions({ region, endpoint, forcePathStyle, accessKeyId, secretAccessKey, ...rest }: LakeConfig) {
  const { serverSideEncryption, kmsKeyId } = rest;
  return {
    region,
    serverSideEncryption,
    kmsKeyId,
    ...(endpoint === undefined ? {} : { endpoint, forcePathStyle: forcePathStyle ?? true }),
    ...(accessKeyId === undefined || secretAccessKey === undefined
      ? {}
      : { credentials: { accessKeyId, secretAccessKey } }),
  };
}

async function openWarehouses(
  config: Config,
  addresses: ServiceAddresses,
  own: (warehouse: Warehouse) => Warehouse,
): Promise<ReadonlyMap<string, Warehouse>> {
  const warehouses = new Map<string, Warehouse>();
  for (const [name, target] of Object.entries(config.targets)) {
    if (target.type === 'snowflake') {
      warehouses.set(name, own(openSnowflakeTarget(config, name, target)));
      continue;
    }
    const url = addresses.targetUrls[name];
    if (url === undefined) continue;
    const bounds = { rewriteBytes: target.rewriteLimit };
    warehouses.set(name, own(await openPostgresWarehouse({ name, url, schema: target.schema, bounds })));
  }
  return warehouses;
}

type ContextParts = Pick<
  Services,
  'config' | 'logger' | 'ledger' | 'engine' | 'lake' | 'lineage' | 'sourceStore' | 'warehouse'
> & {
  readonly queue: RedisQueue;
};

function buildContext(
  { config, logger, ledger, engine, lake, lineage, sourceStore, warehouse, queue }: ContextParts,
  closeNow: boolean,
): WorkerContext {
  const sweep = openSweep({ config, ledger, queue, lake, sourceStore, logger });
  const holder = `${hostname()}/${process.pid}/${randomUUID().slice(0, 8)}`;
  return {
    config,
    ledger,
    queue,
    engine,
    lake,
    lineage,
    sourceStore,
    warehouse,
    // A run is waited for, and what changes under it is found by the fetch.
    sweep: (dataset, signal) => sweep(dataset, { signal, ...(closeNow ? { settleMs: 0 } : {}) }),
    restoreSchedules: () => applySchedules(config, queue),
    clock: systemClock,
    logger,
    holder,
    // A folder of this worker alone: it is removed when the worker ends.
    scratch: join(config.worker.scratch ?? tmpdir(), `sluice-${process.pid}-${randomUUID().slice(0, 8)}`),
    closeNow,
  };
}

function found<T>(known: ReadonlyMap<string, T>, name: string, what: string): T {
  const value = known.get(name);
  if (value !== undefined) return value;
  throw new SluiceError(
    'CONFIG_INVALID',
    `expected one of the ${what}s (${[...known.keys()].join(', ')}), got ${name}`,
    { facts: { [what]: name } },
  );
}
