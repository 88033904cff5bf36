import { inject, onTestFinished } from 'vitest';
import { startIntake, type StartIntakeOptions } from '../../src/producers/main.js';
import type { Config } from '../../src/shared/config/config.js';
import { openLedger } from '../../src/shared/ledger/open.js';
import type { Ledger } from '../../src/shared/ledger/port.js';
import { openQueue, type RedisQueue } from '../../src/shared/queue/open.js';
import type { Logger } from '../../src/shared/telemetry/log.js';
import { freshDatabase, freshPrefix } from '../support/databases.js';
import { makeConfig } from '../support/datasets.js';

export const TOKEN = 'a-token-of-this-test';

/** A ledger, and the URL of its database. */
export type TestLedger = Ledger & { readonly url: string };

/** A ledger of its own in the run's Postgres, closed after the test. `way`: how it gets to its database. */
export async function freshLedger(way: (url: string) => Promise<string> = async (url) => url): Promise<TestLedger> {
  const url = await freshDatabase();
  const ledger = await openLedger({ url: await way(url) });
  await ledger.migrate();
  onTestFinished(() => ledger.close());
  return { ...ledger, url };
}

/** A queue under a prefix of its own in the run's Redis, closed after the test. */
export async function freshQueue(): Promise<RedisQueue> {
  const queue = await openQueue({ url: inject('redisUrl'), prefix: freshPrefix() });
  onTestFinished(() => queue.close());
  return queue;
}

/** A log that remembers what it was told. */
export function memoryLog(): Logger & { readonly lines: readonly string[] } {
  const lines: string[] = [];
  const take = (_facts: object, message: string) => void lines.push(message);
  const log: Logger & { lines: string[] } = {
    lines,
    debug: take,
    info: take,
    warn: take,
    error: take,
    child: () => log,
  };
  return log;
}

/** The configuration of most tests here: one dataset, one token. */
export function ordersConfig(
  webhook: NonNullable<Parameters<typeof makeConfig>[0]['intake']>['webhook'] = { tokens: [TOKEN] },
  intake: Parameters<typeof makeConfig>[0]['intake'] = {},
): Config {
  return makeConfig({
    intake: { port: 0, ...intake, ...(webhook === undefined ? {} : { webhook }) },
    datasets: {
      orders: { source: { prefix: 'raw/orders/', match: '**/*.csv' }, partition: 'hive' },
      now: { source: { prefix: 'raw/now/' }, batch: { maxWait: '0s' } },
    },
  });
}

/** An intake over real services, closed after the test. */
export async function startTestIntake({
  config = ordersConfig(),
  ledger,
  ...rest
}: { config?: Config; ledger?: TestLedger } & Pick<StartIntakeOptions, 'fetch' | 'clock'> = {}) {
  return startWith(config, ledger ?? (await freshLedger()), rest);
}

async function startWith(config: Config, ledger: TestLedger, rest: Pick<StartIntakeOptions, 'fetch' | 'clock'>) {
  const [queue, logger] = [await freshQueue(), memoryLog()];
  const stores = { lake: { bucket: 'lake' }, sources: new Map() };
  const intake = await startIntake({ config, ledger, queue, stores, logger, ...rest });
  onTestFinished(() => intake.close());
  const send = (body: string | object, init: RequestInit = {}) =>
    fetch(`${intake.url}/v1/events/s3`, {
      method: 'POST',
      headers: { authorization: `Bearer ${TOKEN}` },
      body: typeof body === 'string' ? body : JSON.stringify(body),
      ...init,
    });
  return { ...intake, config, ledger, queue, logger, send };
}

/** A notification of puts: keys under the bucket `lake`. */
export function putEvent(...keys: string[]) {
  return { Records: keys.map((key) => s3Record('ObjectCreated:Put', { key, size: 3, eTag: `e-${key}` })) };
}

/** One record of a notification. */
export function s3Record(eventName: string, object: { key: string; size?: number; eTag?: string }) {
  const encoded = { ...object, key: encodeURIComponent(object.key) };
  return { eventVersion: '2.1', eventName, s3: { bucket: { name: 'lake' }, object: encoded } };
}
