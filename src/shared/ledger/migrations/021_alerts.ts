/**
 * What people are to be told, and whom it reached.
 *
 * - `alerts`: one row for each thing that can go wrong (its key), written in the transaction of its cause; `times` counts how often.
 * - `alert_deliveries`: what a receiver was told last: it is due while `times` is ahead of `told_times` and the reminder's time has come.
 *   `next_at` is both the lease of who delivers and the wait after a failure.
 */
export const alertTables = `
CREATE TABLE sluice.alerts (
  alert_key text COLLATE "C" PRIMARY KEY,
  kind text COLLATE "C" NOT NULL,
  dataset text COLLATE "C" NOT NULL,
  name text NOT NULL,
  facts json NOT NULL,
  times bigint NOT NULL DEFAULT 1,
  first_at timestamptz NOT NULL DEFAULT now(),
  last_at timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 70);

CREATE INDEX alerts_newest ON sluice.alerts (last_at);

CREATE TABLE sluice.alert_deliveries (
  alert_key text COLLATE "C" NOT NULL REFERENCES sluice.alerts ON DELETE CASCADE,
  sink text COLLATE "C" NOT NULL,
  told_times bigint NOT NULL DEFAULT 0,
  told_at timestamptz,
  attempts integer NOT NULL DEFAULT 0,
  next_at timestamptz NOT NULL DEFAULT now(),
  gave_up boolean NOT NULL DEFAULT false,
  last_error text,
  PRIMARY KEY (alert_key, sink)
) WITH (fillfactor = 70);
`;
