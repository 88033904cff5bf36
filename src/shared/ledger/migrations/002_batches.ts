/**
 * Partitions' dispatches, batches, their steps, and what the steps found and loaded.
 *
 * - `batch_objects.live` is off for members that left (released, quarantined); the unique index is the promise that an object is
 *   in at most one live batch. It has no foreign key: checking one a row would cost more than the insert.
 * - `steps` keeps its lease in columns that no index covers, so a heartbeat is an update within the page.
 * - Manifests are \`json\`, not \`jsonb\`: the text comes back as it was hashed.
 */
export const batchTables = `
CREATE TABLE sluice.partitions (
  dataset text COLLATE "C" NOT NULL,
  partition text COLLATE "C" NOT NULL,
  dispatched boolean NOT NULL,
  dispatch bigint NOT NULL,
  dispatched_at timestamptz NOT NULL,
  plan_at timestamptz,
  PRIMARY KEY (dataset, partition)
) WITH (fillfactor = 70);

CREATE TYPE sluice.batch_state AS ENUM ('planned', 'compacted', 'held', 'judged', 'loaded', 'empty');

CREATE TABLE sluice.batches (
  batch_id uuid PRIMARY KEY,
  dataset text COLLATE "C" NOT NULL,
  partition text COLLATE "C" NOT NULL,
  state sluice.batch_state NOT NULL DEFAULT 'planned',
  config_hash text NOT NULL,
  objects integer NOT NULL,
  bytes_in bigint NOT NULL,
  bytes_out bigint NOT NULL DEFAULT 0,
  rows_in bigint NOT NULL DEFAULT 0,
  rows_out bigint NOT NULL DEFAULT 0,
  artifacts integer NOT NULL DEFAULT 0,
  manifest json,
  manifest_hash text,
  created_at timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 80);

CREATE INDEX batches_newest ON sluice.batches (dataset, batch_id);
CREATE INDEX batches_unfinished ON sluice.batches (dataset, state) WHERE state IN ('planned', 'compacted', 'held', 'judged');

CREATE FUNCTION sluice.guard_batch_state() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.state > OLD.state AND OLD.state <> 'loaded' THEN RETURN NEW; END IF;
  RAISE EXCEPTION 'expected the state of batch % to move forward, got % after %', OLD.batch_id, NEW.state, OLD.state;
END $$;

CREATE TRIGGER guard_batch_state BEFORE UPDATE OF state ON sluice.batches FOR EACH ROW
  WHEN (NEW.state IS DISTINCT FROM OLD.state) EXECUTE FUNCTION sluice.guard_batch_state();

CREATE TABLE sluice.batch_objects (
  batch_id uuid NOT NULL,
  object_id uuid NOT NULL,
  month date NOT NULL,
  position integer NOT NULL,
  live boolean NOT NULL DEFAULT true,
  PRIMARY KEY (batch_id, object_id)
);

CREATE UNIQUE INDEX batch_objects_live ON sluice.batch_objects (object_id) WHERE live;
CREATE INDEX batch_objects_left ON sluice.batch_objects (object_id) WHERE NOT live;

CREATE TYPE sluice.step_state AS ENUM ('waiting', 'pending', 'failed', 'done');

CREATE TABLE sluice.steps (
  batch_id uuid NOT NULL REFERENCES sluice.batches ON DELETE CASCADE,
  step text NOT NULL,
  target text NOT NULL,
  table_name text NOT NULL,
  dataset text COLLATE "C" NOT NULL,
  partition text COLLATE "C" NOT NULL,
  rank smallint NOT NULL,
  state sluice.step_state NOT NULL,
  attempt integer NOT NULL DEFAULT 0,
  crashes integer NOT NULL DEFAULT 0,
  failures integer NOT NULL DEFAULT 0,
  holder text,
  lease_until timestamptz,
  dispatch bigint NOT NULL DEFAULT 0,
  dispatched_at timestamptz,
  not_before timestamptz,
  done_at timestamptz,
  last_error text,
  PRIMARY KEY (batch_id, step, target, table_name),
  CONSTRAINT lease_has_holder CHECK ((holder IS NULL) = (lease_until IS NULL)),
  CONSTRAINT held_while_pending CHECK (holder IS NULL OR state = 'pending')
) WITH (fillfactor = 60, autovacuum_vacuum_scale_factor = 0.05);

CREATE INDEX steps_pending ON sluice.steps (dispatched_at NULLS FIRST) WHERE state = 'pending';
CREATE INDEX steps_failed ON sluice.steps (dataset) WHERE state = 'failed';
CREATE INDEX steps_holder ON sluice.steps (holder) WHERE holder IS NOT NULL;

CREATE FUNCTION sluice.guard_step_state() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'expected step % of batch % to stay done, got %', OLD.step, OLD.batch_id, NEW.state;
END $$;

CREATE TRIGGER guard_step_state BEFORE UPDATE OF state ON sluice.steps FOR EACH ROW
  WHEN (OLD.state = 'done' AND NEW.state <> 'done') EXECUTE FUNCTION sluice.guard_step_state();

CREATE TABLE sluice.findings (
  finding_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  batch_id uuid NOT NULL REFERENCES sluice.batches ON DELETE CASCADE,
  dataset text COLLATE "C" NOT NULL,
  kind text NOT NULL,
  name text NOT NULL,
  column_name text,
  verdict text,
  data json NOT NULL,
  at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX findings_batch ON sluice.findings (batch_id, kind);
CREATE INDEX findings_newest ON sluice.findings (dataset, kind, finding_id);

CREATE TABLE sluice.loads (
  batch_id uuid NOT NULL REFERENCES sluice.batches ON DELETE CASCADE,
  target text NOT NULL,
  table_name text NOT NULL,
  dataset text COLLATE "C" NOT NULL,
  rows bigint NOT NULL,
  committed_at timestamptz NOT NULL,
  PRIMARY KEY (batch_id, target, table_name)
);

CREATE INDEX loads_newest ON sluice.loads (dataset, committed_at);
CREATE INDEX loads_newest_of_all ON sluice.loads (committed_at);

CREATE TABLE sluice.schemas (
  dataset text COLLATE "C" NOT NULL,
  version integer NOT NULL,
  columns json NOT NULL,
  why text NOT NULL,
  added_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (dataset, version)
);
`;
