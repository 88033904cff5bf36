import { fileURLToPath } from 'node:url';

/** Three million real flights of 2001: date, delay, distance, origin, destination. */
export const FLIGHTS = `read_parquet('${fileURLToPath(new URL('../../node_modules/vega-datasets/data/flights-3m.parquet', import.meta.url))}')`;
