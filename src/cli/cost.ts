import { PUBLISHED } from '../shared/warehouses/snowflake/cost.js';

/**
 * Published prices of us-east-1 in USD, S3 Standard and its colder classes (https://aws.amazon.com/s3/pricing); a month has 730 hours.
 * Snowflake's price of a credit depends on the contract: 3 USD is Enterprise on demand in us-east-1
 * (https://www.snowflake.com/legal-files/CreditConsumptionTable.pdf).
 */
export const PRICES = {
  standardGigabyteMonth: 0.023,
  infrequentGigabyteMonth: 0.0125,
  archiveGigabyteMonth: 0.004,
  thousandPuts: 0.005,
  thousandGets: 0.0004,
  credit: 3,
} as const;

/** Smaller objects no lifecycle rule moves to a colder class, unless it says so itself. */
const LEAST_MOVED_BYTES = 128 * 1024;

/** Sizes of a dataset, before and after compaction. */
export interface Sizes {
  readonly dataset: string;
  readonly files: number;
  readonly bytesIn: number;
  readonly artifacts: number;
  readonly bytesOut: number;
}

/** What the same rows cost as they arrived, and as artifacts; USD. */
export interface CostRow {
  readonly what: string;
  readonly before: number;
  readonly after: number;
  readonly how: string;
}

/**
 * Storage, requests and Snowflake's loading of a dataset as files and as artifacts; pure. A reader asks once for a file of its own size and
 * footer (one GET a file; two a Parquet artifact). After: the artifacts, and the originals by the class that the lifecycle rules give them.
 */
export function costOf({ files, bytesIn, artifacts, bytesOut }: Sizes): readonly CostRow[] {
  const [gigabytesIn, gigabytesOut] = [bytesIn / 1e9, bytesOut / 1e9];
  const p = PRICES;
  const doMove = bytesIn >= files * LEAST_MOVED_BYTES;
  const original = doMove ? p.archiveGigabyteMonth : p.standardGigabyteMonth;
  return [
    {
      what: 'storage a month',
      before: gigabytesIn * p.standardGigabyteMonth,
      after: gigabytesOut * p.standardGigabyteMonth + gigabytesIn * original,
      how: doMove
        ? 'Standard; after: artifacts in Standard, audited originals in Glacier Instant Retrieval'
        : 'Standard; the originals stay there: on average below 128 KB, from which on S3 moves them',
    },
    {
      what: 'storage a month, originals expired',
      before: gigabytesIn * p.standardGigabyteMonth,
      after: gigabytesOut * p.standardGigabyteMonth,
      how: 'once the audited originals are gone',
    },
    {
      what: 'requests to read it all once',
      before: (files / 1000) * p.thousandGets,
      after: ((artifacts * 2) / 1000) * p.thousandGets,
      how: 'a GET a file, two an artifact (footer and columns)',
    },
    {
      what: 'requests to compact it, once',
      before: 0,
      after: (files / 1000) * p.thousandGets + (artifacts / 1000) * p.thousandPuts,
      how: 'a GET a file, a PUT an artifact',
    },
    {
      what: 'Snowpipe, once',
      before: gigabytesIn * PUBLISHED.creditsAGigabyte * p.credit,
      after: gigabytesOut * PUBLISHED.creditsAGigabyte * p.credit,
      how: `${PUBLISHED.creditsAGigabyte} credits a GB at ${p.credit} USD`,
    },
  ];
}
