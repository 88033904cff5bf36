import express, { type Express } from 'express';
import helmet from 'helmet';
import type { Ledger } from '../shared/ledger/port.js';
import type { IntakeMetrics } from './metrics.js';

export interface IntakeAppOptions {
  readonly ledger: { readonly read: Pick<Ledger['read'], 'schema'> };
  readonly metrics: IntakeMetrics;
  /** Proxies in front. */
  readonly trustProxy: number;
}

/** The pages of intake beside its events: `/healthz` (alive), `/readyz` (the ledger answers; 503 otherwise), `/metrics`. */
export function createIntakeApp({ ledger, metrics, trustProxy }: IntakeAppOptions): Express {
  const app = express();
  app.disable('x-powered-by');
  app.set('trust proxy', trustProxy);
  app.use(helmet());
  app.get('/healthz', (_request, response) => {
    response.json({ status: 'ok' });
  });
  app.get('/readyz', async (_request, response) => {
    const isReady = await ledger.read.schema('').then(
      () => true,
      () => false,
    );
    response.status(isReady ? 200 : 503).json({ status: isReady ? 'ok' : 'the ledger is away' });
  });
  app.get('/metrics', async (_request, response) => {
    response.type(metrics.contentType).send(await metrics.render());
  });
  app.use((_request, response) => {
    const mend = 'Send events to POST /v1/events/s3.';
    response.status(404).json({ error: { code: 'REQUEST_UNKNOWN', message: 'expected a known path', mend } });
  });
  return app;
}
