import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { ExpressAdapter } from '@bull-board/express';
import type { Express } from 'express';
import type { JobKind } from '../shared/jobs/catalogue.js';
import type { RedisQueue } from '../shared/queue/open.js';

/** What each queue's jobs do, for those who look at them. */
const DESCRIPTIONS: Readonly<Record<JobKind, string>> = {
  plan: 'Puts the files that wait in one dataset partition into batches',
  compact: 'Reads a batch of files, checks that each can be read, writes Parquet',
  profile: 'Profiles every column of a batch in one pass',
  skew: 'Looks for hot keys and uneven partitions in a batch',
  check: "Holds a batch against the dataset's expectations",
  load: 'Loads a batch into one table of a target, exactly once',
  maintain: 'Scheduled work: sweep, audit, retention, re-compaction',
};

export interface BullBoardOptions {
  readonly queues: RedisQueue['bullQueues'];
  /** Where it is mounted. */
  readonly path: string;
  /** False: jobs may be retried, promoted and removed by hand. The ledger decides all the same. */
  readonly isReadOnly?: boolean;
}

/** Bull Board over every job kind's queue; each job of a batch links to the batch's page. Only to be looked at, unless told otherwise. */
export function openBullBoard({ queues, path, isReadOnly = true }: BullBoardOptions): Express {
  const serverAdapter = new ExpressAdapter().setBasePath(path);
  createBullBoard({
    queues: queues.map((queue) => toAdapter(queue, isReadOnly)),
    serverAdapter,
    options: {
      uiConfig: {
        boardTitle: 'Sluice queues',
        favIcon: { default: '/assets/icon.svg', alternative: '/assets/icon.svg' },
        boardLogo: { path: '/assets/icon.svg', width: 24, height: 24 },
        miscLinks: [{ text: 'Console', url: '/' }],
        hideRedisDetails: false,
        sortQueues: false,
      },
    },
  });
  const board: Express = serverAdapter.getRouter();
  board.disable('x-powered-by');
  return board;
}

function toAdapter(queue: RedisQueue['bullQueues'][number], isReadOnly: boolean): BullMQAdapter {
  return new BullMQAdapter(queue, {
    readOnlyMode: isReadOnly,
    allowRetries: !isReadOnly,
    description: describe(queue.name),
    externalJobUrl: ({ data }) => linkOf(data),
  });
}

function describe(name: string): string {
  return Object.entries(DESCRIPTIONS).find(([kind]) => kind === name)?.[1] ?? '';
}

/** A job carries references only, so what it is about is told by the ledger's pages. */
function linkOf(data: unknown): { href: string; displayText: string } {
  const payload: object = typeof data === 'object' && data !== null ? data : {};
  if ('batch' in payload && typeof payload.batch === 'string')
    return { href: `/batches/${encodeURIComponent(payload.batch)}`, displayText: 'the batch in Sluice' };
  if ('dataset' in payload && typeof payload.dataset === 'string')
    return { href: `/objects?dataset=${encodeURIComponent(payload.dataset)}`, displayText: 'the files in Sluice' };
  return { href: '/', displayText: 'Sluice' };
}
