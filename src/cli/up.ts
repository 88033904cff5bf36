import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { freePort } from '../embedded/ports.js';
import { EVENTS_PATH } from '../producers/sources/webhook.js';
import type { Config } from '../shared/config/config.js';
import { folderDatasets } from '../shared/config/folderSweeps.js';
import { JOB_KINDS, type JobKind, maintainJob } from '../shared/jobs/catalogue.js';
import { SluiceError } from '../shared/errors.js';
import { startEmf } from '../shared/telemetry/emf.js';
import { type RunningWorker, startWorker } from '../workers/main.js';
import { startProbes } from '../workers/probes.js';
import { openConsolePart, openIntakePart } from './parts.js';
import { describeTargets } from './run/summary.js';
import type { Services } from './services.js';

/** Resolves when the signal aborts: a part stays up until then. */
export async function stayUp(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort');
}

/** The configuration with a port for the intake, so that an embedded S3 can be told where to send its notifications. */
export async function withIntakePort(config: Config): Promise<Config> {
  if (config.intake.port !== 0) return config;
  return { ...config, intake: { ...config.intake, port: await freePort() } };
}

/** Where an embedded S3 sends its notifications. */
export function notificationsOf({ intake }: Config): { readonly url: string; readonly bearerToken: string } {
  const host = intake.host === '0.0.0.0' || intake.host === '::' ? '127.0.0.1' : intake.host;
  return { url: `http://${host}:${intake.port}${EVENTS_PATH}`, bearerToken: intake.tokens[0] ?? '' };
}

/** The first line of `sluice up --json`. */
export interface UpAddresses {
  readonly ready: true;
  readonly console: string;
  readonly queues: string;
  readonly intake: string;
  readonly targets: Readonly<Record<string, string>>;
}

/** Intake, worker and console in one process. */
export async function startAll(services: Services): Promise<{ addresses: UpAddresses; stop(): Promise<void> }> {
  const stops: (() => Promise<void>)[] = [];
  const stop = async () => {
    for (const end of stops.splice(0).toReversed()) await end();
  };
  try {
    const worker = await startWorker({ context: services.workerContext() });
    stops.push(() => worker.stop(services.config.worker.stopWithinMs));
    const console = await openConsolePart(services);
    stops.push(() => console.close());
    const intake = await openIntakePart(services);
    stops.push(() => intake.close());
    await sweepFolders(services);
    const addresses = {
      ready: true as const,
      console: console.url,
      queues: `${console.url}/queues`,
      intake: `${intake.url}${EVENTS_PATH}`,
      targets: describeTargets(services),
    };
    return { addresses, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** What a folder got while nobody was up is found at once, not a schedule's time later. Best effort: the schedule comes. */
async function sweepFolders({ config, queue, logger }: Services): Promise<void> {
  const sweeps = folderDatasets(config).map(({ name }) => maintainJob('sweep', name, `up-${randomUUID()}`));
  await queue()
    .enqueue(sweeps)
    .catch((error: unknown) => logger.warn({ error: String(error) }, 'folders are swept by their schedule'));
}

/** One worker process with its probes, until the signal aborts. */
export async function workUntil(
  services: Services,
  {
    kinds,
    signal,
    ready,
  }: { readonly kinds: readonly JobKind[]; readonly signal: AbortSignal; readonly ready: (url: string) => void },
): Promise<void> {
  const worker = await startWorker({ context: services.workerContext(), kinds });
  const { host, port, emfEveryMs } = services.config.worker;
  const emf = emfEveryMs === undefined ? undefined : openEmf(worker.metrics, emfEveryMs);
  try {
    const probes = await startProbes({
      host,
      port,
      metrics: worker.metrics,
      lastSeenMs: () => worker.lastSeenMs(),
      ready: () => !signal.aborted,
    });
    ready(probes.url);
    await stayUp(signal);
    await worker.stop(services.config.worker.stopWithinMs);
    await emf?.close();
    await probes.close();
  } catch (error) {
    await worker.stop(0);
    throw error;
  }
}

/** Lines beside the log's, where CloudWatch finds both. */
function openEmf({ values }: RunningWorker['metrics'], everyMs: number): { close(): Promise<void> } {
  return startEmf(values, { everyMs, write: (line) => process.stderr.write(`${line}\n`) });
}

/** `compact,load` as job kinds. Throws USAGE for a name that is none. */
export function parseKinds(names: readonly string[] | undefined): readonly JobKind[] {
  if (names === undefined) return JOB_KINDS;
  return names.map((name) => {
    const kind = JOB_KINDS.find((known) => known === name);
    if (kind === undefined)
      throw new SluiceError('USAGE', `expected queues among ${JOB_KINDS.join(', ')}, got ${name}`);
    return kind;
  });
}
