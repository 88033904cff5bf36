import { afterEach, expect, test } from 'vitest';
import { ackAnomaly } from '../../src/cli/anomalies.js';
import { listAnomalies } from '../../src/shared/findings/listAnomalies.js';
import { openPipeline, type Pipeline } from '../support/pipeline.js';

let pipeline: Pipeline;

afterEach(() => pipeline.close());

const orders = (settings = '') => `  orders:
    source: { prefix: raw/orders/ }
    batch: { maxWait: 0s }
    load: [{ target: warehouse, table: orders }]
${settings}`;

/** A file of so many rows, whose bytes no other file has. */
let file = 0;
function rows(count: number, amount: (at: number) => string = (at) => String(100 + (at % 7))): string {
  file++;
  const lines = Array.from({ length: count }, (_, at) => `${file * 100_000 + at},${amount(at)}`);
  return `id,amount\n${lines.join('\n')}${count > 0 ? '\n' : ''}`;
}

/** Puts one file and waits until its batch was measured. */
async function arrive(text: string): Promise<void> {
  const { ledger } = pipeline.services;
  const before = (await ledger.anomalies.history('orders', 100)).points.length;
  await pipeline.put(`raw/orders/${file}.csv`, text);
  await pipeline.until(async () => (await ledger.anomalies.history('orders', 100)).points.length > before);
}

const report = () =>
  listAnomalies(
    { config: pipeline.config, ledger: pipeline.services.ledger },
    { datasets: ['orders'], all: false, limit: 100 },
  );
const figures = async () => (await report()).anomalies.map(({ metric, column, verdict }) => [metric, column, verdict]);

test('a dataset warms up, tells what is unusual, and takes what is accepted as its new normal', async () => {
  pipeline = await openPipeline({ datasets: orders() });
  for (let day = 0; day < 6; day++) await arrive(rows(200));
  expect((await report()).datasets).toEqual([
    { dataset: 'orders', sensitivity: 'normal', points: 6, state: 'warming_up' },
  ]);
  await arrive(rows(0));
  expect(await figures()).toContainEqual(['rowCount', '', 'fail']);
  await arrive(rows(200));
  expect((await report()).datasets).toMatchObject([{ state: 'watching' }]);

  await arrive(rows(200, (at) => (at % 2 === 0 ? '' : '100')));
  expect(await figures()).toContainEqual(['nullFraction', 'amount', 'fail']);
  await arrive(rows(900));
  const found = (await report()).anomalies.filter(({ metric }) => metric === 'rowCount');
  expect(found).toMatchObject([
    { value: 900, centre: 200 },
    { value: 0, method: 'zero' },
  ]);

  await ackAnomaly(pipeline.services.ledger, { id: found[0]!.id, as: 'normal', by: 'ann', why: 'a new shop' });
  const open = await figures();
  await arrive(rows(900));
  expect((await figures()).filter(([metric]) => metric === 'rowCount')).toEqual(
    open.filter(([metric]) => metric === 'rowCount'),
  );
});

test('batches that were there before anybody watched are the first points', async () => {
  pipeline = await openPipeline({ datasets: orders('    anomalies: { sensitivity: "off" }\n') });
  for (let day = 0; day < 8; day++) {
    await pipeline.put(`raw/orders/${day}.csv`, rows(200));
    await pipeline.settled(day + 1);
  }
  expect((await report()).datasets).toMatchObject([{ state: 'off', points: 0 }]);
  await pipeline.restartWith(orders());
  await pipeline.put('raw/orders/large.csv', rows(5000));
  await pipeline.until(async () => (await pipeline.services.ledger.anomalies.list({ limit: 100 })).length > 0);
  expect(await pipeline.services.ledger.anomalies.list({ limit: 100 })).toContainEqual(
    expect.objectContaining({ metric: 'rowCount', data: expect.objectContaining({ points: 8, centre: 200 }) }),
  );
});
