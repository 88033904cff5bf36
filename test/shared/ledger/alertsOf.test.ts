import { expect, test } from 'vitest';
import { newBatchId } from '../../../src/shared/ids.js';
import { quarantineAlerts } from '../../../src/shared/ledger/alertsOf.js';
import { idOf, arrivalOf } from './custodySupport.js';

const batch = newBatchId(1);
const object = idOf(arrivalOf('in/a.csv', 'A'));

test('single rows that were set aside are told by their number, beside whole objects by their code', () => {
  const rows = { object, kind: 'included', rows: 10, sha256: '00', quarantined: 3 } as const;
  const cut = { object, kind: 'quarantined', code: 'OBJECT_TRUNCATED', reason: 'cut' } as const;
  const told = (objects: Parameters<typeof quarantineAlerts>[1]['objects']) =>
    quarantineAlerts({ dataset: 'orders', batch }, { objects }).map(({ name, facts }) => [name, facts['count']]);
  expect(told([rows, rows, cut])).toEqual([
    ['OBJECT_TRUNCATED', '1 object'],
    ['failed checks', '6 rows'],
  ]);
  expect(told([{ ...rows, quarantined: 0 }])).toEqual([]);
});
