import { describe, expect, it } from 'vitest';
import { openPoller } from '../../src/console/live/poller.js';
import type { Snapshot } from '../../src/console/live/snapshot.js';
import { silentLog } from '../../src/shared/telemetry/log.js';
import { readEvents, recordKey, startTestConsole } from './support.js';

describe('GET /v1/stream', () => {
  it('sends a snapshot at once, and another when something arrived', async () => {
    const { url, ledger } = await startTestConsole();
    const events = readEvents(`${url}/v1/stream`, 2);
    const first = await readEvents(`${url}/v1/stream`, 1);
    expect(first).toMatchObject([
      { name: 'snapshot', data: { datasets: [{ name: 'orders', states: { arrived: 0 } }, {}] } },
    ]);
    const object = await recordKey(ledger, 'raw/orders/a.csv');
    expect((await events)[1]).toMatchObject({
      name: 'snapshot',
      data: { datasets: [{ states: { arrived: 1 }, recent: [{ object, key: 'raw/orders/a.csv' }] }, {}] },
    });
  });

  it('tells when the ledger is away, and when it is back', async () => {
    const { url, way } = await startTestConsole();
    const events = readEvents(`${url}/v1/stream`, 3);
    await readEvents(`${url}/v1/stream`, 1);
    await way.cut();
    await readEvents(`${url}/v1/stream`, 'away');
    await way.mend();
    expect((await events).map(({ name }) => name)).toEqual(['snapshot', 'away', 'snapshot']);
  });

  it('ends when the console closes', async () => {
    const { url, close } = await startTestConsole();
    const events = readEvents(`${url}/v1/stream`, 100);
    await readEvents(`${url}/v1/stream`, 1);
    await close();
    expect(await events).toHaveLength(1);
  });
});

describe('GET /live', () => {
  it('sends the parts of the page that changed, escaped, and a sentence', async () => {
    const { url, ledger } = await startTestConsole();
    const events = readEvents(`${url}/live`, 2);
    await readEvents(`${url}/live`, 1);
    await recordKey(ledger, 'raw/orders/<script>.csv');
    const { name, data } = (await events)[1]!;
    expect(name).toBe('parts');
    expect(data).toMatchObject({ summary: '0 files done, 1 on their way, 0 quarantined' });
    const parts = new Map((data as { parts: [string, string][] }).parts);
    expect([...parts.keys()].sort()).toEqual(['headline', 'lane-orders']);
    expect(parts.get('lane-orders')).toContain('&lt;script&gt;.csv');
    expect(parts.get('lane-orders')).not.toContain('<script');
  });
});

describe('openPoller', () => {
  const empty: Snapshot = {
    at: new Date(0),
    datasets: [],
    queues: undefined,
    batches: [],
    loads: [],
    findings: [],
    ignored: [],
    activity: [],
    lastDay: { loads: 0, rows: 0 },
  };

  it('reads once for all viewers, tells only of changes, and rests when nobody watches', async () => {
    let reads = 0;
    let rows = 0;
    const read = async () => {
      reads += 1;
      return { ...empty, at: new Date(reads), lastDay: { loads: 0, rows } };
    };
    const poller = openPoller({ read, logger: silentLog, everyMs: 5 });
    const seen: string[] = [];
    const watch = (name: string) =>
      poller.subscribe((event) =>
        seen.push(`${name} ${event.kind === 'snapshot' ? event.snapshot.lastDay.rows : event.kind}`),
      );
    const leave = [watch('a'), watch('b')];
    await until(() => reads > 5);
    expect(seen).toEqual(['a 0', 'b 0']);
    rows = 7;
    await until(() => seen.length > 2);
    leave.push(watch('c'));
    expect(seen).toEqual(['a 0', 'b 0', 'a 7', 'b 7', 'c 7']);
    for (const end of leave) end();
    await pause(20);
    const before = reads;
    await pause(40);
    expect(reads).toBe(before);
    watch('d');
    await until(() => seen.includes('d 7'));
    poller.close();
    expect(seen.at(-1)).toBe('d closed');
  });

  it('shares one reading between callers at the same time', async () => {
    let reads = 0;
    const read = async () => {
      reads += 1;
      await pause(10);
      return empty;
    };
    const poller = openPoller({ read, logger: silentLog });
    await Promise.all([poller.read(), poller.read(), poller.read()]);
    expect(reads).toBe(1);
    await poller.read();
    expect(reads).toBe(2);
  });
});

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function until(holds: () => boolean): Promise<void> {
  for (let tries = 0; !holds(); tries += 1) {
    if (tries > 1000) throw new Error('expected it to hold within 5 s');
    await pause(5);
  }
}
