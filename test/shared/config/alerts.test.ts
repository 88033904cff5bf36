import { expect, test } from 'vitest';
import { parseConfig } from '../../../src/shared/config/load.js';

const parse = (alerts: string, env = {}) =>
  parseConfig(
    `version: 1\ndatasets: { orders: { source: { prefix: a/ } } }\nalerts: ${alerts}\n`,
    { folder: '/x' },
    env,
  );

test('a receiver needs its type and address; it is told everything, once an hour, under a name that hides the address', () => {
  const answer = parse('[{ type: slack, url: "${SLACK_URL}" }]', { SLACK_URL: 'https://hooks.slack.test/secret' });
  if (answer.kind !== 'config') throw new Error(JSON.stringify(answer.faults));
  expect(answer.config.alerts).toMatchObject([
    { type: 'slack', remindMs: 36e5, url: 'https://hooks.slack.test/secret' },
  ]);
  expect(answer.config.alerts[0]?.name).toMatch(/^slack-[0-9a-f]{6}$/);
  expect(answer.config.alerts[0]?.on).toContain('anomaly');
});

test('what is wrong with receivers is told at its place', () => {
  const places = (alerts: string) => {
    const answer = parse(alerts);
    return answer.kind === 'faults' ? answer.faults.map(({ path }) => path) : [];
  };
  expect(places('[{ type: slack, url: "ftp://x" }]')).toEqual(['alerts[0].url']);
  expect(places('[{ type: mail }]')).toEqual(['alerts[0].type']);
  expect(places('[{ type: sns, topicArn: "x" }]')).toEqual(['alerts[0].topicArn']);
  expect(places('[{ type: slack, url: "http://x", on: [everything] }]')).toEqual(['alerts[0].on[0]']);
  expect(places('[{ type: slack, url: "http://x" }, { type: slack, url: "http://x" }]')).toEqual(['alerts[1].name']);
  expect(places('[{ type: slack, url: "${NOT_SET}" }]')).toEqual(['alerts[0].url']);
});
