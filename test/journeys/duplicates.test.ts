import { afterEach, expect, test } from 'vitest';
import { expectBalanced, orderIds } from '../support/accounts.js';
import { openPipeline, type Pipeline } from '../support/pipeline.js';

let pipeline: Pipeline;

afterEach(() => pipeline.close());

const orders = (settings: string) => `  orders:
    source: { prefix: raw/orders/ }
    batch: { maxWait: 0s }
    load: [{ target: warehouse, table: orders }]
${settings}`;

const BODY = 'id\n1\n2\n';

async function ids(): Promise<readonly unknown[]> {
  return orderIds(pipeline);
}

async function outcomes(): Promise<Record<string, string>> {
  const objects = await pipeline.services.ledger.objects.list({ limit: 100 });
  return Object.fromEntries(
    objects.toReversed().map(({ key, state, reason = '' }) => [key, reason === '' ? state : `${state}: ${reason}`]),
  );
}

async function putTwice(): Promise<void> {
  await pipeline.put('raw/orders/first.csv', BODY);
  await pipeline.settled(1);
  await pipeline.put('raw/orders/again.csv', BODY);
  await pipeline.settled(2);
}

test('the same bytes under another name are quarantined, naming the file that has them', async () => {
  pipeline = await openPipeline({ datasets: orders('') });
  await putTwice();
  expect(await outcomes()).toEqual({
    'raw/orders/first.csv': 'loaded',
    'raw/orders/again.csv':
      'quarantined: expected bytes that no other object has, got those of s3://lake/raw/orders/first.csv',
  });
  expect(await ids()).toEqual([1, 2]);
  await expectBalanced(pipeline);
});

test('or ignored, where the dataset says so', async () => {
  pipeline = await openPipeline({ datasets: orders('    onDuplicateContent: ignore\n') });
  await putTwice();
  expect(Object.values(await outcomes()).map((text) => text.split(':')[0])).toEqual(['loaded', 'ignored']);
  expect(await ids()).toEqual([1, 2]);
  await expectBalanced(pipeline);
});

test('or loaded', async () => {
  pipeline = await openPipeline({ datasets: orders('    onDuplicateContent: load\n') });
  await putTwice();
  expect(await ids()).toEqual([1, 1, 2, 2]);
  await expectBalanced(pipeline);
});

test('forty files of ten contents at once, two workers: each content once, and files without rows all pass', async () => {
  const settings = '    onDuplicateContent: quarantine\n';
  pipeline = await openPipeline({ datasets: orders(settings), workers: 2 });
  const files = Array.from({ length: 40 }, (_, file) => [`raw/orders/${file}.csv`, `id\n${file % 10}\n`] as const);
  const headers = Array.from({ length: 5 }, (_, file) => [`raw/orders/h${file}.csv`, 'id\n'] as const);
  await Promise.all([...files, ...headers].map(([key, body]) => pipeline.put(key, body)));
  await pipeline.settled(45);
  expect(await ids()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  const counts = await pipeline.services.ledger.objects.counts();
  expect(Object.fromEntries(counts.map(({ state, objects }) => [state, objects]))).toEqual({
    loaded: 15,
    quarantined: 30,
  });
  await expectBalanced(pipeline);
});

test('when the owner is replaced by other content, who waited for its content is loaded', async () => {
  pipeline = await openPipeline({ datasets: orders('    onOverwrite: replace\n') });
  await putTwice();
  await pipeline.put('raw/orders/first.csv', 'id\n3\n');
  await pipeline.until(async () => (await ids()).join() === '1,2,3');
  await pipeline.settled(4);
  await expectBalanced(pipeline);
});
