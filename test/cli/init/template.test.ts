import { expect, test } from 'vitest';
import { renderTemplate } from '../../../src/cli/init/template.js';
import { parseConfig } from '../../../src/shared/config/load.js';

const place = { folder: '/' };
const choices = [
  { dataset: 'orders', prefix: 'raw/orders/' },
  { dataset: 'clicks', prefix: 'in "x"/', lake: 's3://acme-lake' },
];

test.each(choices)('the template for $dataset is valid as it stands', (choice) => {
  const answer = parseConfig(renderTemplate(choice), place, {});
  expect(answer.kind === 'faults' ? answer.faults : answer.config.datasets[0]?.source.prefix).toEqual(choice.prefix);
});

test('the template is valid with every comment of a setting taken off', () => {
  const text = renderTemplate({ dataset: 'orders', prefix: 'raw/orders/' });
  const whole = text.replaceAll(
    /^( *)# (?=( *)(lake|redis|ledger|intake|partition|batch|compact|columns|checks|skew|schedules|id|amount|webhook|- ).*)/gm,
    '$1',
  );
  const env = { REDIS_URL: 'redis://r', LEDGER_URL: 'postgres://l', INTAKE_TOKEN: '0123456789abcdef' };
  expect(whole).toContain('\nlake:');
  const answer = parseConfig(whole, place, env);
  expect(answer.kind === 'faults' ? answer.faults : []).toEqual([]);
});
