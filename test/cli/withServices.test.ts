import { expect, test } from 'vitest';
import { chosenDatasets } from '../../src/cli/withServices.js';
import { makeConfig } from '../support/datasets.js';

const config = makeConfig({ datasets: { orders: { source: { prefix: 'raw/orders/' } } } });

test('a dataset that the configuration lacks is wrong usage, not a fault of the configuration', () => {
  expect(chosenDatasets(config, undefined)).toEqual(['orders']);
  expect(chosenDatasets(config, 'orders')).toEqual(['orders']);
  let thrown: unknown;
  try {
    chosenDatasets(config, 'order');
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toMatchObject({
    code: 'USAGE',
    exit: 2,
    message: 'expected a dataset of the configuration (orders), got order',
  });
});
