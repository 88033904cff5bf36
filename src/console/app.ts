import express, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express';
import helmet from 'helmet';
import { SluiceError, toSluiceError } from '../shared/errors.js';
import type { Ledger } from '../shared/ledger/port.js';
import type { Logger } from '../shared/telemetry/log.js';
import type { ConsoleMetrics } from './metrics.js';
import { renderFault } from './pages/layout.js';

export interface AppOptions {
  readonly ledger: Ledger;
  readonly metrics: ConsoleMetrics;
  readonly logger: Logger;
  readonly pages: RequestHandler;
  readonly api: RequestHandler;
  /** What programs of the platform ask, who cannot sign in: the autoscaler's signal. */
  readonly scale: RequestHandler;
  readonly bullBoard: RequestHandler;
  readonly actions: RequestHandler;
  /** Where somebody must sign in: the doors, who is let by, and which proxies are in front. */
  readonly lock?: {
    readonly doors: readonly RequestHandler[];
    readonly guard: RequestHandler;
    /** Proxies whose X-Forwarded-For is believed. */
    readonly trustedProxies: readonly string[];
  };
  /** Where the console listens on this machine alone, the names besides its own that it answers to; requests under others are refused. */
  readonly ownNames?: readonly string[];
}

/** The console's Express app: who may ask, under which policy each part's pages run, and how faults are told. */
export function createConsoleApp(options: AppOptions): Express {
  const { ledger, metrics, logger, pages, api, scale, bullBoard, actions, lock, ownNames } = options;
  const app = express();
  app.disable('x-powered-by');
  if (ownNames !== undefined) app.use(refuseOtherNames(ownNames));
  app.get('/healthz', (_request, response) => {
    response.json({ status: 'ok' });
  });
  app.get('/readyz', async (_request, response) => {
    await ledger.read.schema('');
    response.json({ status: 'ok' });
  });
  app.get('/metrics', async (_request, response) => {
    response.type(metrics.contentType).send(await metrics.render());
  });
  app.use('/v1', scale);
  app.get(/^\/assets\//, pages);
  if (lock !== undefined) {
    app.set('trust proxy', [...lock.trustedProxies]);
    app.use('/sign-in', OWN_POLICY);
    app.use(...lock.doors, lock.guard);
  }
  // Bull Board sets styles inline and shows images as data; its fonts from elsewhere stay unfetched.
  app.use('/queues', policy({ styleSrc: ["'self'", "'unsafe-inline'"], imgSrc: ["'self'", 'data:'] }), bullBoard);
  app.use(OWN_POLICY);
  app.use(actions);
  app.use('/v1', api);
  app.use(pages);
  app.use(tellMissing);
  app.use(tellFault(logger));
  return app;
}

function policy({ styleSrc, imgSrc }: { styleSrc: string[]; imgSrc: string[] }): RequestHandler {
  return helmet({
    strictTransportSecurity: false,
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'self'"],
        scriptSrc: ["'self'"],
        objectSrc: ["'none'"],
        baseUri: ["'self'"],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
        styleSrc,
        imgSrc,
      },
    },
  });
}

const OWN_POLICY = policy({ styleSrc: ["'self'"], imgSrc: ["'self'"] });

/** A web page elsewhere can make its own name resolve to this machine and read the answers; it cannot change the Host header. */
function refuseOtherNames(own: readonly string[]): RequestHandler {
  return ({ headers }, response, next) => {
    const name = (headers.host ?? '').toLowerCase().replace(/:\d+$/, '');
    if (name === 'localhost' || name === '[::1]' || /^127(\.\d+){3}$/.test(name) || name.endsWith('.localhost'))
      return next();
    if (own.includes(name)) return next();
    response.status(421).json({
      error: { code: 'USAGE', message: 'expected this machine’s own name', mend: 'Open the console as localhost.' },
    });
  };
}

const tellMissing: RequestHandler = ({ originalUrl }, response) => {
  const message = 'Nothing is known under this address.';
  const mend = 'It may be mistyped, or what it named is not in this ledger.';
  if (originalUrl.startsWith('/v1/')) response.status(404).json({ error: { code: 'USAGE', message, mend } });
  else response.status(404).send(renderFault({ title: 'Not found', message, mend }));
};

function tellFault(logger: Logger): ErrorRequestHandler {
  return (thrown: unknown, { originalUrl }, response, next) => {
    if (response.headersSent) return next(thrown);
    const { code, message, mend, retry } = toSluiceError(isUnreadable(thrown) ? unreadable(thrown) : thrown);
    const status =
      code === 'USAGE'
        ? 400
        : code === 'CONSOLE_DENIED' || code === 'CONSOLE_CSRF'
          ? 403
          : code === 'CONSOLE_SIGN_IN'
            ? 401
            : retry === 'backoff' && code !== 'INTERNAL'
              ? 503
              : 500;
    if (status === 500) logger.error({ error: message }, 'a page of the console failed');
    if (status === 503) response.set('retry-after', '5');
    const told = status === 500 ? 'An unexpected fault; the log has it.' : message;
    if (/^\/(v1\/|readyz)/.test(originalUrl)) response.status(status).json({ error: { code, message: told, mend } });
    else
      response.status(status).send(renderFault({ title: TITLES[status] ?? 'A fault of Sluice', message: told, mend }));
  };
}

/** What Express says of an address or a body that it cannot read: of the latter only what may be told to the sender. */
function isUnreadable(thrown: unknown): thrown is Error {
  if (thrown instanceof URIError) return true;
  return thrown instanceof Error && 'expose' in thrown && thrown.expose === true;
}

function unreadable(cause: Error): SluiceError {
  return new SluiceError('USAGE', `expected a request that can be read, got: ${cause.message}`, { cause });
}

const TITLES: Readonly<Record<number, string>> = {
  400: 'Not understood',
  401: 'Not signed in',
  403: 'Not allowed',
  503: 'A service does not answer',
};
