import { toSluiceError } from '../../shared/errors.js';
import type { Logger } from '../../shared/telemetry/log.js';
import type { Snapshot } from './snapshot.js';

/** What a viewer is told: a snapshot that differs from the one before, or that the ledger stopped answering. */
export type LiveEvent = { readonly kind: 'snapshot'; readonly snapshot: Snapshot } | { readonly kind: 'away' };

/** `closed`: the console ends, nothing more will come. */
export type Viewer = (event: LiveEvent | { readonly kind: 'closed' }) => void;

export interface PollerOptions {
  readonly read: () => Promise<Snapshot>;
  readonly logger: Logger;
  readonly everyMs?: number;
}

/** One reader for all viewers. */
export interface Poller {
  /** Tells the viewer of the last snapshot, if one stands, and of each later change, until the returned function is called. */
  subscribe(viewer: Viewer): () => void;
  /** A snapshot of now; callers at the same time share one. Errors: LEDGER_AWAY. */
  read(): Promise<Snapshot>;
  close(): void;
}

/** Opens the shared poller: it reads every `everyMs` while somebody watches, and not at all while nobody does. */
export function openPoller({ read, logger, everyMs = 500 }: PollerOptions): Poller {
  const viewers = new Set<Viewer>();
  let reading: Promise<Snapshot> | undefined;
  let last: { text: string; event: LiveEvent } | undefined;
  let timer: NodeJS.Timeout | undefined;

  const readShared = () => (reading ??= read().finally(() => (reading = undefined)));
  const publish = (event: LiveEvent) => {
    const text = event.kind === 'snapshot' ? textOf(event.snapshot) : 'away';
    if (text === last?.text) return;
    last = { text, event };
    for (const viewer of viewers) viewer(event);
  };
  const poll = async () => {
    try {
      publish({ kind: 'snapshot', snapshot: await readShared() });
    } catch (error) {
      if (last?.event.kind !== 'away')
        logger.warn({ error: toSluiceError(error).message }, 'the ledger gave no snapshot');
      publish({ kind: 'away' });
    }
    timer = viewers.size === 0 ? undefined : setTimeout(() => void poll(), everyMs);
  };

  return {
    read: readShared,
    subscribe(viewer) {
      viewers.add(viewer);
      if (last !== undefined && timer !== undefined) viewer(last.event);
      if (viewers.size === 1 && timer === undefined) {
        last = undefined;
        timer = setTimeout(() => void poll(), 0);
      }
      return () => void viewers.delete(viewer);
    },
    close() {
      for (const viewer of viewers) viewer({ kind: 'closed' });
      viewers.clear();
      clearTimeout(timer);
    },
  };
}

/** Everything but the moment itself: two snapshots with the same text show the same page. */
function textOf({ at: _at, ...rest }: Snapshot): string {
  return JSON.stringify(rest);
}
