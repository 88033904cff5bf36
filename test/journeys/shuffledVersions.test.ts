import { afterEach, expect, test } from 'vitest';
import { atRest, expectBalanced } from '../support/accounts.js';
import { dice } from '../support/dice.js';
import { createdRecord, postRecords } from '../support/events.js';
import { openPipeline, type Pipeline, TOKEN } from '../support/pipeline.js';

let pipeline: Pipeline;

afterEach(() => pipeline.close());

const orders = `  orders:
    source: { prefix: raw/orders/ }
    batch: { maxWait: 50ms, maxFiles: 3 }
    onOverwrite: replace
    onDuplicateContent: load
    load: [{ target: warehouse, table: orders }]
`;

const KEYS = 6;
const PUTS = 60;

test('keys overwritten at random, contents that come back, events late, twice and lost, a forgetful Redis: every key has its last version, once', async () => {
  pipeline = await openPipeline({ datasets: orders, notify: false, workers: 2 });
  const last = new Map<string, number>();
  const late: unknown[] = [];
  for (let put = 0; put < PUTS; put++) {
    const key = `raw/orders/${dice.below(KEYS)}.csv`;
    const content = dice.below(4);
    const body = `key,content\n${`${key},${content}\n`.repeat(content + 1)}`;
    const event = createdRecord(key, await pipeline.put(key, body), body.length);
    last.set(key, content);
    if (dice.roll() < 0.7) await postRecords(pipeline.intakeUrl, TOKEN, [event]);
    if (dice.roll() < 0.3) late.push(event);
    if (dice.roll() < 0.2) await postRecords(pipeline.intakeUrl, TOKEN, late.splice(dice.below(late.length), 1));
    if (put === PUTS / 2) await pipeline.services.queue().flush();
    if (dice.roll() < 0.3) await new Promise((resolve) => setTimeout(resolve, dice.below(200)));
  }
  if (late.length > 0) await postRecords(pipeline.intakeUrl, TOKEN, late.toReversed());
  const { sweep } = pipeline.services.workerContext();
  const signal = new AbortController().signal;
  await sweep(pipeline.config.datasets[0]!, signal);
  await atRest(pipeline);
  const rows = await pipeline.query(
    'select key, content::int as content, count(*)::int as rows from orders group by 1, 2 order by 1',
  );
  const expected = [...last].toSorted().map(([key, content]) => ({ key, content, rows: content + 1 }));
  expect(rows).toEqual(expected);
  await expectBalanced(pipeline);
});
