/**
 * What workers did, by kind of job and minute: the measured pace that the autoscaler's signal rests on. Kept for two days.
 */
export const paceTables = `
CREATE TABLE sluice.paces (
  kind text COLLATE "C" NOT NULL,
  at timestamptz NOT NULL,
  jobs bigint NOT NULL,
  busy_seconds double precision NOT NULL,
  bytes bigint NOT NULL,
  objects bigint NOT NULL,
  PRIMARY KEY (kind, at)
);
`;
