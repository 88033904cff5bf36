/**
 * Objects, their identities and their tallies.
 *
 * - Text that is compared or indexed is COLLATE "C": byte order, and no index breaks when the operating system's collation changes.
 * - `identities` never expires: one narrow row an identity, spread over 8 partitions so that no single index grows without bound.
 * - `objects` is the detail, one partition a month; old months are dropped whole. `objects_default` catches what has no month yet.
 * - `due_at` is set exactly while an object is `arrived`: it is the pending index, and because the later states touch no indexed
 *   column, their updates stay within the page (HOT; hence the fillfactor).
 * - `objects_versions` finds the versions of a key (ask for `hashtextextended(key, 0) = hashtextextended($1, 0) AND key = $1`): by
 *   its hash, because keys are long and their index would be the largest of all.
 * - `tallies` is written by statement triggers as signed differences, so counting never scans objects and never fights over a row.
 */
export const objectTables = `
CREATE TYPE sluice.object_state AS ENUM
  ('arrived', 'batched', 'compacted', 'held', 'judged', 'loaded', 'quarantined', 'ignored', 'superseded');

CREATE TABLE sluice.identities (
  object_id uuid NOT NULL PRIMARY KEY,
  month date NOT NULL
) PARTITION BY HASH (object_id);

DO $$
BEGIN
  FOR remainder IN 0..7 LOOP
    EXECUTE format('CREATE TABLE sluice.identities_%s PARTITION OF sluice.identities FOR VALUES WITH (MODULUS 8, REMAINDER %s)', remainder, remainder);
  END LOOP;
END $$;

CREATE TABLE sluice.objects (
  object_id uuid NOT NULL,
  month date NOT NULL,
  dataset text COLLATE "C" NOT NULL,
  partition text COLLATE "C" NOT NULL,
  bucket text COLLATE "C" NOT NULL,
  key text COLLATE "C" NOT NULL,
  e_tag text NOT NULL,
  size bigint NOT NULL,
  generation integer NOT NULL DEFAULT 0,
  version_id text,
  sequencer text,
  last_modified timestamptz,
  source text NOT NULL,
  state sluice.object_state NOT NULL DEFAULT 'arrived',
  due_at timestamptz DEFAULT now(),
  batch_id uuid,
  releases integer NOT NULL DEFAULT 0,
  code text,
  reason text,
  rows_in bigint,
  rows_quarantined bigint NOT NULL DEFAULT 0,
  rows_deduplicated bigint NOT NULL DEFAULT 0,
  rows_filtered bigint NOT NULL DEFAULT 0,
  arrived_at timestamptz NOT NULL DEFAULT now(),
  loaded_at timestamptz,
  PRIMARY KEY (object_id, month),
  CONSTRAINT due_while_arrived CHECK ((state = 'arrived') = (due_at IS NOT NULL))
) PARTITION BY RANGE (month);

CREATE INDEX objects_pending ON sluice.objects (dataset, partition, due_at, object_id) WHERE due_at IS NOT NULL;
CREATE INDEX objects_versions ON sluice.objects (dataset, hashtextextended(key, 0));
CREATE INDEX objects_newest ON sluice.objects (dataset, arrived_at);
CREATE INDEX objects_faults ON sluice.objects (dataset, arrived_at) WHERE code IS NOT NULL;

CREATE TABLE sluice.objects_default PARTITION OF sluice.objects DEFAULT WITH (fillfactor = 70);

-- Makes the partitions from this month to \`ahead\` months later; rows that the default partition took meanwhile move over.
CREATE FUNCTION sluice.make_months(ahead integer) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  first date;
  name text;
  made integer := 0;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('sluice.make_months', 0));
  FOR step IN 0..ahead LOOP
    first := (date_trunc('month', now() AT TIME ZONE 'UTC') + make_interval(months => step))::date;
    name := 'objects_' || to_char(first, 'YYYY_MM');
    CONTINUE WHEN to_regclass('sluice.' || name) IS NOT NULL;
    EXECUTE format('CREATE TABLE sluice.%I (LIKE sluice.objects INCLUDING DEFAULTS INCLUDING CONSTRAINTS) WITH (fillfactor = 70,
      autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.02)', name);
    LOCK TABLE sluice.objects_default IN ACCESS EXCLUSIVE MODE;
    EXECUTE format('WITH moved AS (DELETE FROM sluice.objects_default WHERE month = %L RETURNING *) INSERT INTO sluice.%I SELECT * FROM moved', first, name);
    EXECUTE format('ALTER TABLE sluice.objects ATTACH PARTITION sluice.%I FOR VALUES FROM (%L) TO (%L)', name, first, (first + interval '1 month')::date);
    made := made + 1;
  END LOOP;
  RETURN made;
END $$;

CREATE FUNCTION sluice.object_rank(state sluice.object_state) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE state WHEN 'arrived' THEN 0 WHEN 'batched' THEN 1 WHEN 'compacted' THEN 2 WHEN 'held' THEN 3 WHEN 'judged' THEN 4
    WHEN 'superseded' THEN 6 ELSE 5 END
$$;

-- States move forward only; the one way back is a release, and it counts itself.
CREATE FUNCTION sluice.guard_object_state() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF sluice.object_rank(NEW.state) > sluice.object_rank(OLD.state) THEN RETURN NEW; END IF;
  IF OLD.state = 'batched' AND NEW.state = 'arrived' AND NEW.releases = OLD.releases + 1 THEN RETURN NEW; END IF;
  RAISE EXCEPTION 'expected the state of object % to move forward, got % after %', OLD.object_id, NEW.state, OLD.state;
END $$;

CREATE TRIGGER guard_object_state BEFORE UPDATE OF state ON sluice.objects FOR EACH ROW
  WHEN (NEW.state IS DISTINCT FROM OLD.state) EXECUTE FUNCTION sluice.guard_object_state();

CREATE TABLE sluice.tallies (
  dataset text COLLATE "C" NOT NULL,
  state sluice.object_state NOT NULL,
  objects bigint NOT NULL,
  bytes bigint NOT NULL
);

CREATE FUNCTION sluice.tally_inserts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO sluice.tallies SELECT dataset, state, count(*), sum(size) FROM fresh GROUP BY dataset, state;
  RETURN NULL;
END $$;

CREATE FUNCTION sluice.tally_updates() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO sluice.tallies
  SELECT dataset, state, sum(sign), sum(sign * size)
  FROM (SELECT dataset, state, size, 1 AS sign FROM fresh UNION ALL SELECT dataset, state, size, -1 FROM stale) AS change
  GROUP BY dataset, state HAVING sum(sign) <> 0 OR sum(sign * size) <> 0;
  RETURN NULL;
END $$;

CREATE TRIGGER tally_inserts AFTER INSERT ON sluice.objects REFERENCING NEW TABLE AS fresh
  FOR EACH STATEMENT EXECUTE FUNCTION sluice.tally_inserts();
CREATE TRIGGER tally_updates AFTER UPDATE ON sluice.objects REFERENCING OLD TABLE AS stale NEW TABLE AS fresh
  FOR EACH STATEMENT EXECUTE FUNCTION sluice.tally_updates();

CREATE TABLE sluice.ignored (
  rule text COLLATE "C" NOT NULL,
  bucket text COLLATE "C" NOT NULL,
  count bigint NOT NULL,
  sample_key text NOT NULL,
  last_at timestamptz NOT NULL,
  PRIMARY KEY (rule, bucket)
);

SELECT sluice.make_months(2);
`;
