import { Router } from 'express';
import type { Config } from '../shared/config/config.js';
import { JOB_KINDS, type JobKind } from '../shared/jobs/catalogue.js';
import type { Ledger, ObjectRow } from '../shared/ledger/port.js';
import type { Queue } from '../shared/queue/port.js';
import { type PresentRows, readCustody } from './custody.js';
import { openSnapshotEncoder } from './live/parts.js';
import type { Poller } from './live/poller.js';
import { openStream } from './live/stream.js';
import { uriOf } from './pages/names.js';
import { readObjectId, readObjectsRequest, readScaleRequest } from './requests.js';
import { decideScale, type ScaleSignal } from './scale.js';

export interface ApiOptions {
  readonly config: Pick<Config, 'worker'>;
  readonly ledger: Ledger;
  readonly queue: Pick<Queue, 'counts'>;
  readonly poller: Poller;
  readonly presentRows?: PresentRows | undefined;
}

/** What programs read, as JSON: `/status`, `/stream` (server-sent events), `/objects`, `/objects/:id`, `/scale`. */
export function createApi({ config, ledger, queue, poller, presentRows }: ApiOptions): Router {
  const api = Router();
  api.get('/status', async (_request, response) => {
    const { datasets, queues = null, ignored, lastDay, at } = await poller.read();
    const brief = datasets.map(({ name, states, bytes, backlog }) => ({ name, states, bytes, backlog }));
    response.json({ at, datasets: brief, queues, ignored, lastDay });
  });
  api.get('/stream', openStream(poller, openSnapshotEncoder));
  api.get('/objects', async (request, response) => {
    const objects = await ledger.objects.list(readObjectsRequest(request.query));
    response.json({ objects: objects.map(withUri) });
  });
  api.get('/objects/:id', async (request, response, next) => {
    const id = readObjectId(request.params.id);
    const found = id === undefined ? undefined : await readCustody(ledger, id, presentRows);
    if (found === undefined) return next();
    const { custody, presence, findings } = found;
    response.json({
      ...custody,
      object: withUri(custody.object),
      presence: presence.map(({ rows = null, ...place }) => ({ ...place, rows })),
      findings,
    });
  });
  api.get('/scale', async (request, response) => {
    const kind = readScaleRequest(request.query);
    response.json(await readScale({ ledger, queue, concurrency: config.worker.concurrency, kind }));
  });
  return api;
}

async function readScale(ask: {
  ledger: Ledger;
  queue: Pick<Queue, 'counts'>;
  concurrency: number;
  kind: JobKind | undefined;
}): Promise<ScaleSignal> {
  const { ledger, queue, concurrency, kind } = ask;
  const counts = await Promise.all((kind === undefined ? JOB_KINDS : [kind]).map((one) => queue.counts(one)));
  const sum = (state: 'waiting' | 'active' | 'overdue') => counts.reduce((total, count) => total + count[state], 0);
  const totals = { waiting: sum('waiting'), active: sum('active'), overdue: sum('overdue') };
  const now = Date.now();
  // Work that is due later, or is retried later, needs no worker yet.
  const due = (await ledger.recovery.backlog()).filter(
    ({ nextDueAt }) => nextDueAt !== undefined && nextDueAt.getTime() <= now,
  );
  return decideScale(totals, {
    open: due.reduce((total, { pending, openSteps }) => total + pending + openSteps, 0),
    concurrency,
  });
}

function withUri(object: ObjectRow): ObjectRow & { readonly uri: string } {
  return { uri: uriOf(object), ...object };
}
