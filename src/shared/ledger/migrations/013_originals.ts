/**
 * What became of the files that batches were made of.
 *
 * - `originals`: one row a batch whose originals were tagged, moved or deleted, all of them; the audit of the batch balanced before.
 */
export const originalTables = `
CREATE TABLE sluice.originals (
  batch_id uuid NOT NULL PRIMARY KEY,
  dataset text COLLATE "C" NOT NULL,
  after text NOT NULL,
  outcome json NOT NULL,
  settled_at timestamptz NOT NULL DEFAULT now()
);
`;
