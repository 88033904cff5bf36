/**
 * How arrivals come in.
 *
 * - `listings`: how far a sweep or a backfill came, one row each while it is under way; `state` is the lister's own.
 * - `parked_messages`: messages of a queue that could not be read however often they came, with their reason: nothing is dropped.
 */
export const arrivalTables = `
CREATE TABLE sluice.listings (
  name text COLLATE "C" PRIMARY KEY,
  holder text NOT NULL,
  state json,
  begun_at timestamptz NOT NULL DEFAULT now(),
  saved_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE sluice.parked_messages (
  queue text COLLATE "C" NOT NULL,
  message_id text COLLATE "C" NOT NULL,
  code text NOT NULL,
  reason text NOT NULL,
  receives integer NOT NULL,
  body text NOT NULL,
  parked_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (queue, message_id)
);
`;
