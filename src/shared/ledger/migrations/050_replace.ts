/**
 * Batches that supersede older ones (write mode replace).
 *
 * - `batches.supersedes`: `partition` or `table`: what the batch is the whole of, once it is loaded; NULL in other modes.
 * - `batch_objects.carried`: a member that another batch brought, and that this one reads again beside its own. It stays loaded and a
 *   live member of that batch until this one is loaded; then it is a live member here.
 * - A superseded batch has no live member any more; it may have been loaded. An object whose bytes a later batch cannot read any more goes
 *   from loaded to quarantined: its rows left with the batch that they came by.
 */
export const replaceTables = `
ALTER TYPE sluice.batch_state ADD VALUE 'superseded';

ALTER TABLE sluice.batches ADD COLUMN supersedes text CHECK (supersedes IN ('partition', 'table'));
ALTER TABLE sluice.batch_objects ADD COLUMN carried boolean NOT NULL DEFAULT false;

CREATE INDEX batches_of_partition ON sluice.batches (dataset, partition, batch_id);

CREATE OR REPLACE FUNCTION sluice.guard_batch_state() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.state > OLD.state AND (OLD.state <> 'loaded' OR NEW.state = 'superseded') THEN RETURN NEW; END IF;
  RAISE EXCEPTION 'expected the state of batch % to move forward, got % after %', OLD.batch_id, NEW.state, OLD.state;
END $$;

CREATE OR REPLACE FUNCTION sluice.guard_object_state() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF sluice.object_rank(NEW.state) > sluice.object_rank(OLD.state) THEN RETURN NEW; END IF;
  IF OLD.state = 'batched' AND NEW.state = 'arrived' AND NEW.releases = OLD.releases + 1 THEN RETURN NEW; END IF;
  IF OLD.state = 'quarantined' AND NEW.state = 'ignored' THEN RETURN NEW; END IF;
  IF OLD.state = 'loaded' AND NEW.state = 'quarantined' AND NEW.batch_id > OLD.batch_id THEN RETURN NEW; END IF;
  RAISE EXCEPTION 'expected the state of object % to move forward, got % after %', OLD.object_id, NEW.state, OLD.state;
END $$;
`;
