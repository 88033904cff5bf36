import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { DATA_FOLDER, openFolder } from '../../embedded/folder.js';
import { freePort } from '../../embedded/ports.js';
import { EVENTS_PATH } from '../../producers/sources/webhook.js';
import { systemClock } from '../../shared/clock.js';
import { loadConfig, readEnvironment } from '../../shared/config/load.js';
import type { Config } from '../../shared/config/config.js';
import type { Output } from '../output.js';
import { openConsolePart, openIntakePart } from '../parts.js';
import { drain } from '../drain.js';
import { openLedgerCounts, startProgress } from '../run/progress.js';
import { lookBefore, type RunSummary, summarise } from '../run/summary.js';
import { openServices, type Services } from '../services.js';
import { sweepDatasets } from '../sweeps.js';
import { openPartLog } from '../withServices.js';
import { cutFlights, findFlights } from './cutFlights.js';
import { demoConfig } from './demoConfig.js';
import { type Fault, startDemoWorker } from './demoWorker.js';
import { uploadFiles } from './uploadFiles.js';

const DATASETS = ['flights'];
/** Notifications that have not arrived after this time are healed by a sweep. */
const NOTIFIED_MS = 10_000;

/** The answer of `sluice demo`: that of a run, and what was done to it. */
export interface DemoSummary extends RunSummary {
  readonly faults: readonly Fault[];
  /** Present when the dependencies were installed for this demo. */
  readonly installSeconds?: number;
  readonly console: string;
  readonly queues: string;
  readonly config: string;
}

/** A demo whose work is done, and whose services still run. */
export interface RunningDemo {
  readonly summary: DemoSummary;
  close(): Promise<void>;
}

export interface DemoOptions {
  /** An own folder in here keeps the demo's data; that of an earlier demo is removed. */
  readonly folder: string;
  readonly pullThePlug: boolean;
  readonly output: Output;
  readonly signal: AbortSignal;
}

/** Starts everything embedded, cuts the flights into files, lets the notifications drive the pipeline, and tells what came of it. */
export async function startDemo(options: DemoOptions): Promise<RunningDemo> {
  const { output, signal } = options;
  const flights = findFlights();
  const { config, token } = await makePlace(options.folder);
  output.note('starting Redis, Postgres and S3 ...');
  const notifications = { url: `http://127.0.0.1:${config.intake.port}${EVENTS_PATH}`, bearerToken: token };
  const services = await openServices({ config, logger: openPartLog('demo'), notifications, durable: false });
  const closers = [() => services.close()];
  const close = async () => {
    for (const end of closers.splice(0).toReversed()) await end();
  };
  try {
    const intake = await openIntakePart(services);
    closers.push(() => intake.close());
    const console = await openConsolePart(services);
    closers.push(() => console.close());
    output.note(`console ${console.url}  Bull Board ${console.url}/queues`);
    const { summary, faults } = await work(services, { ...options, flights, signal });
    const config = services.config.file ?? '';
    const places = { console: console.url, queues: `${console.url}/queues`, config };
    return { summary: { ...summary, faults, ...installTime(), ...places }, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** What `bin/sluice.mjs` says about the installation that it did just before. */
function installTime(): Pick<DemoSummary, 'installSeconds'> {
  const installSeconds = Number(readEnvironment()['SLUICE_INSTALL_SECONDS']);
  return installSeconds > 0 ? { installSeconds } : {};
}

/** A fresh folder with the demo's configuration. Throws SERVICE_NOT_STARTED when another demo runs there. */
async function makePlace(parent: string): Promise<{ config: Config; token: string }> {
  const folder = join(parent, DATA_FOLDER, 'demo');
  await mkdir(folder, { recursive: true });
  const held = await openFolder(join(folder, DATA_FOLDER));
  held.close();
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const token = randomBytes(18).toString('base64url');
  const file = join(folder, 'sluice.yaml');
  await writeFile(file, demoConfig({ intakePort: await freePort(), consolePort: await freePort(), token }));
  return { config: loadConfig(file), token };
}

type WorkOptions = DemoOptions & { readonly flights: string };

async function work(
  services: Services,
  options: WorkOptions,
): Promise<{ summary: RunSummary; faults: readonly Fault[] }> {
  const { pullThePlug, output, signal } = options;
  const { ledger } = services;
  const queue = services.queue();
  const before = await lookBefore(services, DATASETS);
  const count = await openLedgerCounts(ledger, DATASETS);
  const worker = await startDemoWorker(services, { pullThePlug, count, output });
  output.note('cutting 3,000,000 flights into small files and putting them into S3; its notifications do the rest');
  const progress = startProgress(output, count);
  try {
    const uploaded = await cutAndUpload(services, options);
    await waitForNotifications(services, { uploaded, signal });
    await worker.settle(signal);
    await drain({ ledger, queue }, { datasets: DATASETS, signal });
    await progress.stop();
    const facts = { datasets: DATASETS, before, recorded: uploaded, ignored: 0, signal };
    return { summary: await summarise(services, facts), faults: worker.faults() };
  } finally {
    await progress.stop();
    await worker.stop();
  }
}

async function cutAndUpload({ engine, lake }: Services, { flights, signal }: WorkOptions): Promise<number> {
  const scratch = await mkdtemp(join(tmpdir(), 'sluice-demo-'));
  const session = await engine.open({ scratch, readable: [dirname(flights)], threads: availableParallelism() });
  try {
    return await uploadFiles(lake, cutFlights(session, { flights, folder: scratch, signal }), signal);
  } finally {
    await session.close();
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Until the ledger has recorded every file that was put; a sweep heals what stays away. */
async function waitForNotifications(
  services: Services,
  { uploaded, signal }: { readonly uploaded: number; readonly signal: AbortSignal },
): Promise<void> {
  const until = systemClock.now() + NOTIFIED_MS;
  while (systemClock.now() < until) {
    const counts = await services.ledger.objects.counts();
    if (counts.reduce((sum, { objects }) => sum + objects, 0) >= uploaded) return;
    await systemClock.sleep(100, signal);
  }
  await sweepDatasets(services.workerContext(), DATASETS, signal);
}
