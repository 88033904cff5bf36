export interface TemplateChoices {
  /** s3://bucket or file:///folder; undefined: embedded. */
  readonly lake?: string;
  readonly dataset: string;
  /** Keys of the lake that begin with this are the dataset's. */
  readonly prefix: string;
}

/** A commented sluice.yaml that is valid as it stands. Pure. */
export function renderTemplate({ lake, dataset, prefix }: TemplateChoices): string {
  const lakeLine =
    lake === undefined
      ? '# lake: { url: s3://acme-lake, region: eu-west-1 }   # where files land; left out: an embedded S3'
      : `lake: { url: ${JSON.stringify(lake)} }   # where files land; for S3-compatible stores: endpoint, forcePathStyle`;
  return `# yaml-language-server: $schema=./node_modules/sluice/sluice.schema.json
# Every key: docs/config.md. \${NAME} and \${NAME:-default} are read from the environment. \`sluice validate\` checks this file.
version: 1
${lakeLine}
# redis:  { url: "\${REDIS_URL}" }    # left out: embedded, with its data in .sluice/
# ledger: { url: "\${LEDGER_URL}" }   # a Postgres database; left out: embedded
targets:
  warehouse: { type: postgres }       # url: "\${WAREHOUSE_URL}"; left out: a database of the embedded Postgres
# intake:
#   webhook: { tokens: ["\${INTAKE_TOKEN}"] }   # the bucket's notifications go to POST /v1/events/s3
datasets:
  ${dataset}:
    source: { prefix: ${JSON.stringify(prefix)} }   # match: "**/*.csv.gz"; format: auto | parquet | csv | ndjson
    # partition: hive                          # or "{year}/{month}/{day}"
    # batch: { targetBytes: 256MB, maxFiles: 2000, maxWait: 60s }
    # compact: { sort: [id] }
    # columns:
    #   id: { checks: [required, unique] }
    #   amount: { checks: [{ range: { min: 0 } }] }
    # checks: [{ metric: rowCount, mustBeGreaterThan: 0 }]
    # skew: { keys: [customer_id], threshold: 10 }
    load: [{ target: warehouse, table: ${dataset} }]
# schedules:
#   - { job: sweep, every: 15m }               # finds what no notification announced
`;
}

/** What must be granted where, for people. */
export const GRANTS = `What to grant:
  S3        s3:ListBucket on the bucket; s3:GetObject and s3:GetObjectVersion on what arrives; s3:PutObject on the artifacts (curated/*)
  Postgres  the ledger: a database of its own, with CREATE on it
            a target: CREATE on the database (for its books, _sluice) and on the schema that tables go to
  events    s3:ObjectCreated:* of the bucket to POST /v1/events/s3 of the intake; until then \`sluice sweep\` finds what arrived`;
