/**
 * Custody beyond the first arrival: returning bytes, versions of a key, equal contents, decisions of people, audits.
 *
 * - `identities.outdone`: the key was seen without these bytes after it was seen with them, so an arrival of them may be a return. Kept on
 *   the row of generation 0; its partial index is as small as such identities are few.
 * - `objects.proven_at`: set when compact settled the object while the store showed its bytes as the key's current ones.
 * - `contents`: who owns a content of a dataset, for ever, one narrow row a hash. `copies`: who else has it, and waits or shares.
 * - `replacements`: the older versions that a batch's objects take the place of; carried out when the batch is at its end.
 * - A discard is the one step from quarantined to ignored.
 */
export const custodyTables = `
ALTER TABLE sluice.identities ADD COLUMN outdone boolean NOT NULL DEFAULT false;
CREATE INDEX identities_outdone ON sluice.identities (object_id) WHERE outdone;

ALTER TABLE sluice.objects
  ADD COLUMN sha256 bytea,
  ADD COLUMN proven_at timestamptz,
  ADD COLUMN waived boolean NOT NULL DEFAULT false;

CREATE TABLE sluice.contents (
  dataset text COLLATE "C" NOT NULL,
  sha256 bytea NOT NULL,
  object_id uuid NOT NULL,
  month date NOT NULL,
  PRIMARY KEY (dataset, sha256)
) PARTITION BY HASH (sha256);

DO $$
BEGIN
  FOR remainder IN 0..7 LOOP
    EXECUTE format('CREATE TABLE sluice.contents_%s PARTITION OF sluice.contents FOR VALUES WITH (MODULUS 8, REMAINDER %s)', remainder, remainder);
  END LOOP;
END $$;

CREATE TABLE sluice.copies (
  dataset text COLLATE "C" NOT NULL,
  sha256 bytea NOT NULL,
  object_id uuid NOT NULL,
  month date NOT NULL,
  PRIMARY KEY (dataset, sha256, object_id)
);

CREATE TABLE sluice.replacements (
  batch_id uuid NOT NULL,
  object_id uuid NOT NULL,
  old_id uuid NOT NULL,
  old_month date NOT NULL,
  PRIMARY KEY (batch_id, object_id, old_id)
);

CREATE TABLE sluice.decisions (
  decision_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at timestamptz NOT NULL DEFAULT now(),
  verb text NOT NULL,
  who text NOT NULL,
  why text NOT NULL,
  batch_id uuid,
  object_id uuid,
  next_object_id uuid
);

CREATE INDEX decisions_object ON sluice.decisions (object_id) WHERE object_id IS NOT NULL;
CREATE INDEX decisions_batch ON sluice.decisions (batch_id) WHERE batch_id IS NOT NULL;

CREATE TABLE sluice.audits (
  audit_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at timestamptz NOT NULL DEFAULT now(),
  dataset text COLLATE "C" NOT NULL,
  balanced boolean NOT NULL,
  verdicts json NOT NULL,
  worst json NOT NULL
);

CREATE INDEX audits_newest ON sluice.audits (dataset, audit_id);

CREATE OR REPLACE FUNCTION sluice.guard_object_state() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF sluice.object_rank(NEW.state) > sluice.object_rank(OLD.state) THEN RETURN NEW; END IF;
  IF OLD.state = 'batched' AND NEW.state = 'arrived' AND NEW.releases = OLD.releases + 1 THEN RETURN NEW; END IF;
  IF OLD.state = 'quarantined' AND NEW.state = 'ignored' THEN RETURN NEW; END IF;
  RAISE EXCEPTION 'expected the state of object % to move forward, got % after %', OLD.object_id, NEW.state, OLD.state;
END $$;
`;
