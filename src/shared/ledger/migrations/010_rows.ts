/**
 * Rows that were set aside while their object goes on.
 *
 * - `row_quarantines`: the rows of one object that one batch set aside, which an artifact holds with their text. They are replayed or
 *   discarded once, together; replayed, they are an object of their own (`next_object_id`).
 */
export const rowTables = `
CREATE TABLE sluice.row_quarantines (
  rows_id uuid NOT NULL PRIMARY KEY DEFAULT gen_random_uuid(),
  dataset text COLLATE "C" NOT NULL,
  partition text COLLATE "C" NOT NULL,
  batch_id uuid NOT NULL,
  object_id uuid NOT NULL,
  artifact text NOT NULL,
  rows bigint NOT NULL,
  code text NOT NULL,
  reason text NOT NULL,
  state text NOT NULL DEFAULT 'quarantined' CHECK (state IN ('quarantined', 'replayed', 'discarded')),
  next_object_id uuid,
  created_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (batch_id, object_id, artifact)
);

CREATE INDEX row_quarantines_open ON sluice.row_quarantines (dataset, created_at) WHERE state = 'quarantined';
CREATE INDEX row_quarantines_object ON sluice.row_quarantines (object_id);
`;
