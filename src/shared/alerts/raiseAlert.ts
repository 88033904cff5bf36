import { toSluiceError } from '../errors.js';
import type { Ledger, NewAlert } from '../ledger/port.js';
import type { Logger } from '../telemetry/log.js';

/**
 * Tells people of something that is no finding of a batch, such as a budget that runs out. The same kind, dataset and name again is counted
 * and told anew after the reminder's time. Never throws: an alert that cannot be raised is logged.
 */
export async function raiseAlert(
  { ledger, logger }: { readonly ledger: Pick<Ledger, 'alerts'>; readonly logger: Logger },
  alert: NewAlert,
): Promise<void> {
  try {
    await ledger.alerts.raise([alert]);
  } catch (error) {
    const { kind, dataset, name } = alert;
    logger.warn({ kind, dataset, name, error: toSluiceError(error).message }, 'an alert could not be raised');
  }
}
