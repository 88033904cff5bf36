/**
 * What batches measured, and what of it was unusual.
 *
 * - `points`: one row a batch with all its figures as one document, so that a batch of two thousand columns is one insert and a
 *   history of thirty batches thirty rows. `held`: the batch was kept back when it was measured.
 * - `anomalies.subject`: what was unusual: a batch, or a day for figures of the clock. The unique key says each thing once.
 * - `decided`: `normal` accepts the figure as the new level (older points no longer count), `once` leaves the level where it was.
 */
export const anomalyTables = `
CREATE TABLE sluice.points (
  batch_id uuid PRIMARY KEY,
  dataset text COLLATE "C" NOT NULL,
  at timestamptz NOT NULL,
  rows bigint NOT NULL,
  held boolean NOT NULL,
  figures json NOT NULL
);

CREATE INDEX points_newest ON sluice.points (dataset, batch_id);

CREATE TABLE sluice.anomalies (
  anomaly_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  dataset text COLLATE "C" NOT NULL,
  metric text COLLATE "C" NOT NULL,
  column_name text COLLATE "C" NOT NULL,
  subject text COLLATE "C" NOT NULL,
  verdict text NOT NULL,
  data json NOT NULL,
  at timestamptz NOT NULL DEFAULT now(),
  decided text CHECK (decided IN ('normal', 'once')),
  decided_at timestamptz,
  who text,
  why text,
  UNIQUE (dataset, metric, column_name, subject)
);

CREATE INDEX anomalies_open ON sluice.anomalies (dataset, anomaly_id) WHERE decided IS NULL;
`;
