import type { LedgerDatabase } from './database.js';
import { storable } from './text.js';

/** Something that a person has Sluice do. */
export interface ActionNote {
  readonly who: string;
  readonly action: string;
  /** What it is done to: a queue, a dataset, an object's or a batch's id. */
  readonly subject: string;
  readonly why: string;
}

/** A noted action; without an outcome its process died between the note and the deed's end. */
export interface ActionRow extends ActionNote {
  readonly id: number;
  readonly at: Date;
  readonly outcome?: string;
}

/** Who had what done, when and why. */
export interface ActionLedger {
  /** Notes an action before it is done. */
  begin(note: ActionNote): Promise<number>;
  /** Notes what came of it. */
  end(id: number, outcome: string): Promise<void>;
  /** The newest first. */
  list(limit: number): Promise<readonly ActionRow[]>;
}

interface StoredAction extends Record<string, unknown> {
  readonly action_id: number;
  readonly at: Date;
  readonly who: string;
  readonly action: string;
  readonly subject: string;
  readonly why: string;
  readonly outcome: string | null;
}

/** The actions of the console. */
export function actionLedger(database: LedgerDatabase): ActionLedger {
  return {
    async begin({ who, action, subject, why }) {
      const [row] = await database.rows<{ action_id: number }>(
        'INSERT INTO sluice.actions (who, action, subject, why) VALUES ($1, $2, $3, $4) RETURNING action_id',
        [who, action, subject, why].map((text) => storable(text)),
      );
      return row?.action_id ?? 0;
    },
    async end(id, outcome) {
      await database.changed('UPDATE sluice.actions SET outcome = $2 WHERE action_id = $1', [id, storable(outcome)]);
    },
    async list(limit) {
      const rows = await database.rows<StoredAction>('SELECT * FROM sluice.actions ORDER BY action_id DESC LIMIT $1', [
        limit,
      ]);
      return rows.map(({ action_id: id, outcome, at, who, action, subject, why }) => ({
        id,
        at,
        who,
        action,
        subject,
        why,
        ...(outcome === null ? {} : { outcome }),
      }));
    },
  };
}
