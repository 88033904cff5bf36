import { inject, onTestFinished } from 'vitest';
import { type StartConsoleOptions, startConsole } from '../../src/console/main.js';
import type { Ledger } from '../../src/shared/ledger/port.js';
import { openLedger } from '../../src/shared/ledger/open.js';
import { openQueue } from '../../src/shared/queue/open.js';
import { silentLog } from '../../src/shared/telemetry/log.js';
import { brittleProxy } from '../support/brittleProxy.js';
import { freshDatabase, freshPrefix } from '../support/databases.js';
import { makeConfig } from '../support/datasets.js';
import { arrivals, claimed, included, manifestOf, planned, stepRef, WAREHOUSE } from '../shared/ledger/support.js';

/** The console's configuration, with two datasets. */
export function checkedConfig(over: Record<string, unknown>) {
  return makeConfig({
    console: { port: 0 },
    targets: { warehouse: { type: 'postgres' } },
    datasets: {
      orders: { source: { prefix: 'raw/orders/' }, load: [{ target: 'warehouse', table: 'orders' }] },
      clicks: { source: { prefix: 'raw/clicks/' } },
    },
    ...over,
  });
}

/** A console over real services of its own, closed after the test. `way`: cuts and mends its way to the ledger. */
export async function startTestConsole(over: Partial<StartConsoleOptions> = {}) {
  const way = await brittleProxy(await freshDatabase());
  const ledger = await openLedger({ url: way.url });
  await ledger.migrate();
  const queue = await openQueue({ url: inject('redisUrl'), prefix: freshPrefix() });
  const config = checkedConfig({});
  const running = await startConsole({ config, ledger, queue, logger: silentLog, ...over });
  onTestFinished(async () => {
    await running.close();
    await Promise.all([ledger.close(), queue.close()]);
  });
  const get = async (path: string, init?: RequestInit) => {
    const response = await fetch(running.url + path, init);
    return { status: response.status, headers: response.headers, body: await response.text() };
  };
  const getJson = async (path: string): Promise<unknown> => JSON.parse((await get(path)).body);
  return { ...running, ledger, queue, way, get, getJson };
}

/** Records one object of `orders` under a key of the test's choice. */
export async function recordKey(ledger: Ledger, key: string) {
  const { recorded } = await ledger.objects.record(arrivals(1, { key }));
  return recorded[0]!;
}

/** Takes three objects to the target, but for the second, which is quarantined with the reason. */
export async function loadWithQuarantine(ledger: Ledger, reason: string) {
  const { batch, objects } = await planned(ledger);
  const compact = await claimed(ledger, stepRef(batch, 'compact'));
  const outcome = (object: (typeof objects)[number], index: number) =>
    index === 1 ? ({ object, kind: 'quarantined', code: 'TYPE_CHANGED', reason } as const) : included(object, 1234);
  await ledger.steps.commitCompact(compact, manifestOf(compact, objects.map(outcome)), new Date());
  await ledger.steps.commitFindings(await claimed(ledger, stepRef(batch, 'profile')), [], false);
  const skew = {
    rows: 9,
    key: ['customer'],
    topShare: 0.5,
    maxOverMean: 7,
    skewed: true,
    hotKeys: [{ key: '<b>ACME', rows: 5, share: 0.5 }],
  };
  await ledger.steps.commitFindings(
    await claimed(ledger, stepRef(batch, 'skew')),
    [{ kind: 'skew', name: 'customer', data: skew }],
    false,
  );
  const check = {
    kind: 'check',
    name: 'rowCount',
    verdict: 'warn',
    data: { expected: 'at least 9', actual: 3 },
  } as const;
  await ledger.steps.commitFindings(await claimed(ledger, stepRef(batch, 'check')), [check], false);
  const load = await claimed(ledger, stepRef(batch, 'load', WAREHOUSE));
  await ledger.steps.commitLoad(load, { rows: 2468, committedAt: new Date() });
  return { batch, objects };
}

/** Reads a stream of server-sent events until it has `enough` of them, or one of that name, or ends. */
export async function readEvents(url: string, enough: number | string): Promise<{ name: string; data: unknown }[]> {
  const stop = new AbortController();
  const response = await fetch(url, { signal: stop.signal });
  const events: { name: string; data: unknown }[] = [];
  let text = '';
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    const blocks = text.split('\n\n');
    text = blocks.pop() ?? '';
    for (const block of blocks) {
      const name = /^event: (.*)$/m.exec(block)?.[1];
      if (name !== undefined) events.push({ name, data: JSON.parse(/^data: (.*)$/m.exec(block)?.[1] ?? 'null') });
    }
    if (typeof enough === 'number' ? events.length >= enough : events.at(-1)?.name === enough) break;
  }
  stop.abort();
  return events;
}
