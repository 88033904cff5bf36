import express from 'express';
import { toSluiceError } from '../shared/errors.js';
import { type RunningServer, serve } from '../shared/http/serve.js';
import type { ConsoleMetrics } from './metrics.js';
import { readScale, type ReadScaleOptions } from './readScale.js';
import { readScaleRequest } from './requests.js';

export interface MonitorOptions extends ReadScaleOptions {
  readonly metrics: ConsoleMetrics;
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
}

/**
 * Serves `/healthz`, `/metrics` and `/v1/scale` to what watches: Prometheus, an autoscaler, the kubelet. No sign-in, because they tell
 * counts alone: no name of a file, nothing that changes anything. Errors: PORT_TAKEN.
 */
export function startMonitor({ metrics, host, port, ...options }: MonitorOptions): Promise<RunningServer> {
  const app = express();
  app.disable('x-powered-by');
  app.get('/healthz', (_request, response) => void response.json({ status: 'ok' }));
  app.get('/metrics', async (_request, response) => {
    response.type(metrics.contentType).send(await metrics.render());
  });
  app.get('/v1/scale', async (request, response) => {
    try {
      response.json(await readScale(options, readScaleRequest(request.query)));
    } catch (thrown) {
      const { code, message, mend } = toSluiceError(thrown);
      response.status(code === 'USAGE' ? 400 : 503).json({ error: { code, message, mend } });
    }
  });
  return serve(app, { host, port });
}
