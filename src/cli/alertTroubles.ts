import type { AlertTrouble } from '../shared/ledger/port.js';
import type { Output } from './output.js';

/** Alerts that did not reach their receiver, for people; nothing when there are none. */
export function showAlertTroubles(output: Output, troubles: readonly AlertTrouble[]): void {
  if (troubles.length === 0) return;
  output.line();
  output.table(
    ['alert', 'receiver', 'not delivered', 'why'],
    troubles.map(({ key, sink, attempts, gaveUp, error }) => [
      key,
      sink,
      gaveUp ? output.paint.bad('gave up') : `after ${attempts} tries, goes on`,
      error,
    ]),
  );
}
