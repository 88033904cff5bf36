import pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { openIntake } from '../../src/producers/intake.js';
import { routerOf } from '../../src/producers/main.js';
import { sweepDataset } from '../../src/producers/sources/sweep.js';
import { objectId } from '../../src/shared/ids.js';
import { openLedger } from '../../src/shared/ledger/open.js';
import { silentLog } from '../../src/shared/telemetry/log.js';
import { configOf } from '../configOf.js';
import { simulatedObject, simulatedStore } from '../data/simulatedStore.js';
import { type Args, numberOf, type OpenSide, textOf } from '../harness/side.js';

const DATASETS = '  events: { source: { prefix: raw/ }, partition: hive }';

/** Lists a simulated bucket of `objects` and compares them with the ledger; `isBackfill`: records them, who are all new. */
async function openListing(args: Args, isBackfill: boolean): Promise<OpenSide> {
  const [ledgerUrl, objects] = [textOf(args, 'ledgerUrl'), numberOf(args, 'objects')];
  const config = configOf({ ...DEAD_SERVICES, ledgerUrl, datasets: DATASETS });
  const ledger = await openLedger({ url: ledgerUrl });
  await ledger.migrate();
  const store = simulatedStore(objects);
  const router = routerOf(config, { lake: store, sources: new Map() });
  const queue = { enqueue: async () => {} };
  const intake = openIntake({ ledger, queue, datasets: config.datasets, router, logger: silentLog });
  const [dataset] = config.datasets;
  if (dataset === undefined) throw new Error('expected a dataset, got none');
  let found = 0;
  const run = async () => {
    const what = { dataset, store, router, intake, ledger: ledger.arrivals, ...(isBackfill ? { backfill: {} } : {}) };
    const receipt = await sweepDataset(what);
    found = isBackfill ? receipt.recorded : receipt.duplicates;
    return { units: objects };
  };
  return { run, digest: async () => ({ records: found }), close: () => ledger.close() };
}

/** A sweep of objects that the ledger knows, all of them. */
export const sweep = (args: Args): Promise<OpenSide> => openListing(args, false);

/** A backfill into an empty ledger. */
export const backfill = (args: Args): Promise<OpenSide> => openListing(args, true);

/** Nothing here is asked for: a listing needs a ledger alone. */
const DEAD_SERVICES = { redisUrl: 'redis://127.0.0.1:1', s3Url: 'http://127.0.0.1:1', folder: '/' };

/** Makes a ledger that knows every object of the simulated bucket by its identity, which is what a sweep looks up. */
export async function fillIdentities(ledgerUrl: string, objects: number): Promise<void> {
  const ledger = await openLedger({ url: ledgerUrl });
  await ledger.migrate();
  await ledger.close();
  const client = new pg.Client({ connectionString: ledgerUrl });
  await client.connect();
  const month = `${new Date().toISOString().slice(0, 7)}-01`;
  const lines = function* () {
    for (let first = 0; first < objects; first += 1000) {
      const ids = Array.from({ length: Math.min(1000, objects - first) }, (_, at) => {
        const { key, eTag, size } = simulatedObject(first + at, objects);
        return `${objectId({ bucket: 'lake', key, eTag, size, generation: 0 })}\t${month}\n`;
      });
      yield Buffer.from(ids.join(''));
    }
  };
  const copy = client.query(copyFrom('COPY sluice.identities (object_id, month) FROM STDIN'));
  await pipeline(Readable.from(lines()), copy);
  await client.query('ANALYZE sluice.identities');
  await client.end();
}
