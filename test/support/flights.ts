import { fileURLToPath } from 'node:url';

/** Three million real flights of 2001: date, delay, distance, origin, destination. */
export const FLIGHTS_FILE = fileURLToPath(
  new URL('../../node_modules/vega-datasets/data/flights-3m.parquet', import.meta.url),
);
/** The flights as something that may stand after FROM. */
export const FLIGHTS = `read_parquet('${FLIGHTS_FILE}')`;
