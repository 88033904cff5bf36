/**
 * Artifacts of loaded batches that were merged into larger ones.
 *
 * - `merges`: one row for each merge that began; its artifacts stand from `merged_at` on, until another merge takes them in. Manifests
 *   stay as the targets' books know them.
 * - `merged_batches`: where the rows of a batch lie now; `since`: from when on its manifest's own artifacts are not read any more.
 */
export const mergeTables = `
CREATE TABLE sluice.merges (
  merge_id uuid NOT NULL PRIMARY KEY,
  dataset text COLLATE "C" NOT NULL,
  partition text COLLATE "C" NOT NULL,
  generation integer NOT NULL,
  columns json NOT NULL,
  artifacts json,
  bytes bigint,
  began_at timestamptz NOT NULL DEFAULT now(),
  merged_at timestamptz,
  superseded_at timestamptz
);

CREATE INDEX merges_current ON sluice.merges (dataset) WHERE merged_at IS NOT NULL AND superseded_at IS NULL;

CREATE TABLE sluice.merged_batches (
  batch_id uuid NOT NULL PRIMARY KEY,
  merge_id uuid NOT NULL REFERENCES sluice.merges,
  since timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX merged_batches_merge ON sluice.merged_batches (merge_id);
`;
