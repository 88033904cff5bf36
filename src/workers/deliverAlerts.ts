import { describeAlert } from '../shared/alerts/describeAlert.js';
import { openAlertSinks } from '../shared/alerts/open.js';
import type { AlertSink } from '../shared/alerts/port.js';
import { SEND_MS } from '../shared/alerts/post.js';
import { toSluiceError } from '../shared/errors.js';
import type { AlertDelivery } from '../shared/ledger/port.js';
import type { WorkerContext } from './context.js';

/** How often the outbox is looked into. */
const ROUND_MS = 5000;
/** Deliveries of one round. */
const PAGE = 20;
/** Longer than a receiver may take, so that nobody else delivers the same meanwhile. */
const LEASE_MS = 3 * SEND_MS;
/** Tries before a delivery is given up until its reminder: about an hour and a half. */
const TRIES = 12;
const LAST_FLUSH_MS = 5000;

type Context = Pick<WorkerContext, 'config' | 'ledger' | 'logger' | 'clock'>;

/** Delivers alerts until the signal aborts, then once more what was raised meanwhile. Without receivers it does nothing. */
export async function deliverForever(context: Context, signal: AbortSignal): Promise<void> {
  const sinks = openAlertSinks(context.config.alerts);
  if (sinks.length === 0) return;
  while (!signal.aborted) {
    await deliverAlerts(context, sinks, signal);
    await context.clock.sleep(ROUND_MS, signal).catch(() => {});
  }
  await deliverAlerts(context, sinks, AbortSignal.timeout(LAST_FLUSH_MS));
}

/**
 * Delivers what is due, and says how much reached its receiver. Each delivery is leased in the ledger first and noted afterwards: a crash
 * between delivers it again. A failure is noted, and tried again later; it never fails anything else.
 */
export async function deliverAlerts(
  context: Context,
  sinks: readonly AlertSink[],
  signal: AbortSignal,
): Promise<number> {
  const { ledger, logger } = context;
  const receivers = sinks.map(({ name, kinds, remindMs }) => ({ sink: name, kinds, remindMs }));
  let reached = 0;
  try {
    for (;;) {
      const due = await ledger.alerts.takeDue(receivers, LEASE_MS, PAGE);
      const ends = await Promise.all(due.map((delivery) => deliverOne(context, { delivery, sinks, signal })));
      reached += ends.filter(Boolean).length;
      if (due.length < PAGE || signal.aborted) return reached;
    }
  } catch (error) {
    logger.warn({ error: toSluiceError(error).message }, 'alerts could not be read from the ledger');
    return reached;
  }
}

async function deliverOne(
  { config, ledger, logger }: Context,
  {
    delivery,
    sinks,
    signal,
  }: { readonly delivery: AlertDelivery; readonly sinks: readonly AlertSink[]; readonly signal: AbortSignal },
): Promise<boolean> {
  const sink = sinks.find(({ name }) => name === delivery.sink);
  const { host, port, url = `http://${host}:${port}` } = config.console;
  try {
    await sink?.send(describeAlert(delivery, url), signal);
    await ledger.alerts.told(delivery);
    return true;
  } catch (thrown) {
    const error = toSluiceError(thrown);
    const retryMs = delivery.attempt >= TRIES ? undefined : Math.min(900_000, 5000 * 2 ** (delivery.attempt - 1));
    logger.warn({ alert: delivery.alert.key, receiver: delivery.sink, attempt: delivery.attempt }, error.message);
    await ledger.alerts.notTold(delivery, error.message, retryMs);
    return false;
  }
}
