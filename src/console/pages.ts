import { Router } from 'express';
import type { Config } from '../shared/config/config.js';
import { listAnomalies } from '../shared/findings/listAnomalies.js';
import type { Ledger } from '../shared/ledger/port.js';
import { SCRIPT } from './assets/script.js';
import { STYLE } from './assets/style.js';
import { type PresentRows, readCustody } from './custody.js';
import { openPartsEncoder } from './live/parts.js';
import type { Poller } from './live/poller.js';
import { currentViewer } from './auth/viewer.js';
import { openStream } from './live/stream.js';
import { renderAnomalies } from './pages/anomalies.js';
import { renderBatch } from './pages/batch.js';
import { renderCustody } from './pages/custody.js';
import { FAVICON } from './pages/layout.js';
import { renderObjects } from './pages/objects.js';
import { renderStart } from './pages/start.js';
import { readAnomaliesRequest, readBatchId, readObjectId, readObjectsRequest } from './requests.js';

export interface PagesOptions {
  readonly config: Pick<Config, 'datasets'>;
  readonly ledger: Ledger;
  readonly poller: Poller;
  readonly presentRows?: PresentRows | undefined;
}

/** What people read: the start page and its live parts, files, one file's custody, one batch, and the pages' own assets. */
export function createPages({ config, ledger, poller, presentRows }: PagesOptions): Router {
  const pages = Router();
  pages.get('/', async (_request, response) => {
    response.send(renderStart(await poller.read()));
  });
  pages.get(
    '/live',
    openStream(poller, openPartsEncoder, () => currentViewer()?.until),
  );
  pages.get('/objects', async (request, response) => {
    const filter = readObjectsRequest(request.query);
    const rows = await ledger.objects.list(filter);
    response.send(renderObjects({ rows, datasets: config.datasets.map(({ name }) => name), ...filter }));
  });
  pages.get('/objects/:id', async (request, response, next) => {
    const id = readObjectId(request.params.id);
    const found = id === undefined ? undefined : await readCustody(ledger, id, presentRows);
    if (found === undefined) return next();
    response.send(renderCustody(found));
  });
  pages.get('/batches/:id', async (request, response, next) => {
    const id = readBatchId(request.params.id);
    const found = id === undefined ? undefined : await ledger.read.batch(id);
    if (id === undefined || found === undefined) return next();
    response.send(renderBatch({ ...found, findings: await ledger.read.findings({ batch: id, limit: 200 }) }));
  });
  pages.get('/anomalies', async (request, response) => {
    const { all, limit } = readAnomaliesRequest(request.query);
    const names = config.datasets.map(({ name }) => name);
    const report = await listAnomalies({ config, ledger }, { datasets: names, all, limit });
    response.send(renderAnomalies({ ...report, all, limit }));
  });
  for (const [path, type, text] of ASSETS)
    pages.get(path, (_request, response) => {
      response.type(type).set('cache-control', 'no-cache').send(text);
    });
  return pages;
}

const ASSETS = [
  ['/assets/console.css', 'text/css', STYLE],
  ['/assets/console.js', 'text/javascript', SCRIPT],
  ['/assets/icon.svg', 'image/svg+xml', FAVICON],
] as const;
