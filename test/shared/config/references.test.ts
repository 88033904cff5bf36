import { expect, test } from 'vitest';
import { describeFault, parseConfig } from '../../../src/shared/config/load.js';

const links = (pairs: Readonly<Record<string, string>>) => {
  const datasets = Object.entries(pairs).map(([name, to]) => {
    const check =
      to === '' ? '' : `, columns: { x: { checks: [required, { references: { dataset: ${to}, column: id } }] } }`;
    return `  ${name}: { source: { prefix: raw/${name}/ }${check} }`;
  });
  const text = `version: 1\nlake: { url: s3://lake }\ndatasets:\n${datasets.join('\n')}\n`;
  const answer = parseConfig(text, { folder: '/' }, {});
  return answer.kind === 'faults' ? answer.faults.map(describeFault) : [];
};

test('a check refers to another dataset that is declared', () => {
  expect(links({ orders: 'customers', customers: '' })).toEqual([]);
  expect(links({ orders: 'custommers', customers: '' })).toEqual([
    '  line 4: datasets.orders.columns.x.checks[1].references.dataset: expected another dataset (customers), got custommers',
  ]);
  expect(links({ orders: 'orders' })).toEqual([
    '  line 4: datasets.orders.columns.x.checks[1].references.dataset: expected another dataset (none declared), got orders',
  ]);
});

test('datasets that would wait for each other are a fault at each of their checks', () => {
  expect(links({ a: 'b', b: 'c', c: '' })).toEqual([]);
  expect(links({ a: 'b', b: 'c', c: 'a', d: 'a' })).toEqual(
    ['a', 'b', 'c'].map((name, at) =>
      expect.stringContaining(
        `line ${at + 4}: datasets.${name}.columns.x.checks[1].references.dataset: expected a dataset whose own checks do not lead back to ${name}`,
      ),
    ),
  );
});

test.each([
  [
    '{ references: customers }',
    'checks[0].references: expected a dataset and its column such as { references: { dataset: customers, column: id } }, got "customers"',
  ],
  ['{ references: { dataset: b } }', 'checks[0].references.column: expected a text, got nothing'],
  ['{ references: { dataset: b, column: id }, unique: true }', 'expected exactly one of'],
])('%s is a fault', (check, fault) => {
  const text = `version: 1\nlake: { url: s3://lake }\ndatasets:\n  a: { source: { prefix: a/ }, columns: { x: { checks: [${check}] } } }\n  b: { source: { prefix: b/ } }\n`;
  const answer = parseConfig(text, { folder: '/' }, {});
  expect(answer.kind === 'faults' ? answer.faults.map(describeFault).join('\n') : '').toContain(fault);
});

test.each([
  [
    '{ references: { dataset: c, columns: { x: y } } }',
    'line 4: datasets.a.checks[0].references.dataset: expected another dataset (b), got c',
  ],
  [
    '{ references: { dataset: b, columns: {} } }',
    'checks[0].references.columns: expected at least one column, got none',
  ],
  ['{ references: { dataset: b, column: x } }', 'checks[0].references.columns: expected'],
  ['{ references: { dataset: b, columns: { x: y } }, unique: [x] }', 'expected exactly one of'],
  ['{ references: { dataset: b, columns: { x: y } } }', ''],
])('%s of a dataset: %s', (check, fault) => {
  const text = `version: 1\nlake: { url: s3://lake }\ndatasets:\n  a: { source: { prefix: a/ }, checks: [${check}] }\n  b: { source: { prefix: b/ } }\n`;
  const answer = parseConfig(text, { folder: '/' }, {});
  const faults = answer.kind === 'faults' ? answer.faults.map(describeFault).join('\n') : '';
  if (fault === '') expect(faults).toBe('');
  else expect(faults).toContain(fault);
});
