/** Where the demo's intake and console listen, and the token that its S3 endpoint sends. */
export interface DemoPlace {
  readonly intakePort: number;
  readonly consolePort: number;
  readonly token: string;
}

/** The demo's configuration: a plain file, so that every other command works on it with --config. Pure. */
export function demoConfig({ intakePort, consolePort, token }: DemoPlace): string {
  return `# The demo's configuration. Redis, Postgres and S3 are left out, so they are embedded, with their data beside this file.
version: 1
intake: { port: ${intakePort}, webhook: { tokens: ["${token}"] } }
console: { port: ${consolePort} }
targets:
  warehouse: { type: postgres }
datasets:
  flights:
    source: { prefix: raw/flights/ }
    batch: { maxFiles: 64, maxWait: 1s }
    columns:
      date: { checks: [required] }
      origin: { checks: [required, { length: { min: 3, max: 3 } }] }
      destination: { checks: [required] }
      delay: { checks: [required, { range: { min: -1500, max: 2500 } }] }
    checks: [{ metric: rowCount, mustBeGreaterThan: 0 }]
    skew: { keys: [origin, destination] }
    load: [{ target: warehouse, table: flights }]
`;
}
