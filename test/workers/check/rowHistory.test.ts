import { expect, test } from 'vitest';
import { describeFault, parseConfig } from '../../../src/shared/config/load.js';
import { handleCheck } from '../../../src/workers/check/handler.js';
import { openEngineSession } from '../../support/engineSession.js';

const CHECKS = 'checks: [{ metric: rowCountChange, fail: 20 }]';
const parse = (more = '') =>
  parseConfig(
    `version: 1\ntargets: { w: { type: postgres } }\ndatasets:\n  orders:\n    source: { prefix: raw/ }\n    load: [{ target: w, table: t }]\n    ${CHECKS}\n${more}`,
    { folder: '/srv' },
    {},
  );

test('a batch is compared, by the rows of a file, with the accepted batches before it', async () => {
  const answer = parse();
  if (answer.kind !== 'config') throw new Error('expected a sound configuration');
  const session = await openEngineSession();
  const committed: unknown[] = [];
  const point = (batch: string, value: number) => ({ batch, figures: [{ metric: 'rowCount', column: '', value }] });
  const points = [point('c', 9999), point('b', 9999), ...Array.from({ length: 7 }, () => point('a', 100))];
  const included = { kind: 'included' };
  const manifest = { batch: 'b', columns: [], objects: [included, included], rows: { in: 130 }, bytes: { in: 1 } };
  const context = {
    config: answer.config,
    ledger: {
      anomalies: { history: async () => ({ points, anomalies: [] }) },
      steps: { commitFindings: async (...all: unknown[]) => (committed.push(...all.slice(1)), []) },
    },
  };
  const scratch = { session: async () => session, source: async () => '(SELECT 1 AS x)' };
  const work = { claim: { batch: 'b', dataset: 'orders' }, manifest, scratch };
  await handleCheck(
    context as unknown as Parameters<typeof handleCheck>[0],
    work as unknown as Parameters<typeof handleCheck>[1],
  );
  await session.close();
  const data = { actual: 35, reason: '65 rows a file, median 100 of 7 batches' };
  expect(committed).toMatchObject([[{ name: 'rowCountChange', verdict: 'fail', data }], true]);
});

test('a dataset that keeps no history is refused the comparison', () => {
  const answer = parse('    anomalies: { sensitivity: off }\n');
  expect(answer.kind === 'faults' ? answer.faults.map(describeFault).join() : '').toMatch(
    /sensitivity: expected low, normal or high beside a check of rowCountChange/,
  );
});
