import { Router } from 'express';
import type { Config } from '../shared/config/config.js';
import { listAnomalies } from '../shared/findings/listAnomalies.js';
import type { Ledger, ObjectRow } from '../shared/ledger/port.js';
import type { Queue } from '../shared/queue/port.js';
import { type PresentRows, readCustody } from './custody.js';
import { openSnapshotEncoder } from './live/parts.js';
import type { Poller } from './live/poller.js';
import { currentViewer } from './auth/viewer.js';
import { openStream } from './live/stream.js';
import { uriOf } from './pages/names.js';
import { readScale, type ReadScaleOptions } from './readScale.js';
import { readAnomaliesRequest, readObjectId, readObjectsRequest, readScaleRequest } from './requests.js';

export interface ApiOptions {
  readonly config: Pick<Config, 'worker' | 'datasets' | 'scale'>;
  readonly ledger: Ledger;
  readonly queue: Pick<Queue, 'counts' | 'attendance'>;
  readonly poller: Poller;
  readonly presentRows?: PresentRows | undefined;
}

/** What programs read, as JSON: `/status`, `/stream` (server-sent events), `/objects`, `/objects/:id`, `/anomalies`. */
export function createApi({
  config,
  ledger,
  poller,
  presentRows,
}: Pick<ApiOptions, 'ledger' | 'poller' | 'presentRows'> & { readonly config: Pick<Config, 'datasets'> }): Router {
  const api = Router();
  api.get('/status', async (_request, response) => {
    const { datasets, queues = null, ignored, lastDay, at } = await poller.read();
    const brief = datasets.map(({ name, states, bytes, backlog }) => ({ name, states, bytes, backlog }));
    response.json({ at, datasets: brief, queues, ignored, lastDay });
  });
  api.get(
    '/stream',
    openStream(poller, openSnapshotEncoder, () => currentViewer()?.until),
  );
  api.get('/objects', async (request, response) => {
    const objects = await ledger.objects.list(readObjectsRequest(request.query));
    response.json({ objects: objects.map(withUri) });
  });
  api.get('/anomalies', async (request, response) => {
    const names = config.datasets.map(({ name }) => name);
    response.json(await listAnomalies({ config, ledger }, { datasets: names, ...readAnomaliesRequest(request.query) }));
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
  return api;
}

/** The autoscaler's signal, `/scale`. */
export function createScaleApi(options: ReadScaleOptions): Router {
  const api = Router();
  api.get('/scale', async (request, response) => {
    response.json(await readScale(options, readScaleRequest(request.query)));
  });
  return api;
}

function withUri(object: ObjectRow): ObjectRow & { readonly uri: string } {
  return { uri: uriOf(object), ...object };
}
