import { expect, test } from 'vitest';
import { parseConfig } from '../../../src/shared/config/load.js';

const schedulesOf = (more: string) => {
  const text = `version: 1
lake: { url: s3://lake }
datasets:
  kept: { source: { prefix: a/ } }
  moved: { source: { prefix: b/ }, originals: { after: move } }
${more}`;
  const answer = parseConfig(text, { folder: '/' }, {});
  return answer.kind === 'config' ? answer.config.schedules : answer.faults;
};

test('a dataset that does something with its originals is looked at every hour, unless a schedule names it', () => {
  expect(schedulesOf('')).toEqual([{ job: 'originals', dataset: 'moved', everyMs: 3_600_000 }]);
  const own = { job: 'originals', dataset: 'moved', everyMs: 86_400_000 };
  expect(schedulesOf('schedules: [{ job: originals, dataset: moved, every: 1d }]')).toEqual([own]);
});
