/** What people had the console do: noted before it is done, and again with what came of it. */
export const actionTables = `
CREATE TABLE sluice.actions (
  action_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at timestamptz NOT NULL DEFAULT now(),
  who text NOT NULL,
  action text NOT NULL,
  subject text NOT NULL,
  why text NOT NULL,
  outcome text
);
`;
