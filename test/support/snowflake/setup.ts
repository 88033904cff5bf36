import type { Account, StandInSession } from './account.js';
import { noSuchThing, SnowflakeFault, unknownStatement } from './fault.js';
import type { Rowset } from './rowset.js';
import { textRowset } from './rowset.js';
import { NAME, nameParts, readOptions, unquoteLiteral } from './text.js';

/** Who and what an account knows besides tables: made by the statements of a set-up alone. */
export interface People {
  /** User -> base64 of the public key. */
  readonly users: Map<string, string>;
  /** Role -> what it was granted: `CREATE TABLE ON RAW.PUBLIC`. */
  readonly roles: Map<string, Set<string>>;
  readonly warehouses: Set<string>;
  readonly monitors: Set<string>;
  /** Where buckets lie on this machine: `s3://lake/` -> folder. */
  readonly buckets: ReadonlyMap<string, string>;
}

type Form = readonly [form: RegExp, role: string, run: (account: Account, parts: readonly string[]) => void];

const one = (text: string) => nameParts(text)[0] ?? '';
const known = (names: { has(name: string): boolean }, text: string, what: string) => {
  if (!names.has(one(text))) throw noSuchThing(`${what} '${text}'`);
  return one(text);
};
const QUOTED = /^"(?:[^"]|"")+"$/;
const ARN = /^'arn:aws:[^']+'$/;
const USER = {
  TYPE: /^SERVICE$/,
  DEFAULT_ROLE: QUOTED,
  DEFAULT_WAREHOUSE: QUOTED,
  RSA_PUBLIC_KEY: /^'[A-Za-z0-9+/=]+'$/,
};
const STORAGE = {
  TYPE: /^EXTERNAL_STAGE$/,
  STORAGE_PROVIDER: /^'S3'$/,
  ENABLED: /^TRUE$/,
  STORAGE_AWS_ROLE_ARN: ARN,
  STORAGE_ALLOWED_LOCATIONS: /^\('s3:\/\/[^']+\/'\)$/,
};
const NOTIFY = {
  ENABLED: /^TRUE$/,
  TYPE: /^QUEUE$/,
  NOTIFICATION_PROVIDER: /^AWS_SNS$/,
  DIRECTION: /^OUTBOUND$/,
  AWS_SNS_TOPIC_ARN: ARN,
  AWS_SNS_ROLE_ARN: ARN,
};
const RIGHTS = /^(USAGE|CREATE TABLE|CREATE PIPE|CREATE STAGE)$/;

/** Each statement of a set-up by its shape, with the role that Snowflake asks for. */
const FORMS: readonly Form[] = [
  [
    new RegExp(`^CREATE ROLE IF NOT EXISTS ${NAME}$`),
    'USERADMIN',
    ({ people }, [name = '']) => void people.roles.set(one(name), people.roles.get(one(name)) ?? new Set()),
  ],
  [
    new RegExp(`^CREATE USER IF NOT EXISTS ${NAME} (.*)$`),
    'USERADMIN',
    ({ people }, [name = '', rest = '']) => {
      const options = readOptions(rest, USER);
      known(people.roles, options['DEFAULT_ROLE'] ?? '', 'Role');
      if (!people.users.has(one(name))) people.users.set(one(name), unquoteLiteral(options['RSA_PUBLIC_KEY'] ?? "''"));
    },
  ],
  [
    new RegExp(`^GRANT ROLE ${NAME} TO USER ${NAME}$`),
    'USERADMIN',
    ({ people }, [role = '', user = '']) => void [known(people.roles, role, 'Role'), known(people.users, user, 'User')],
  ],
  [
    new RegExp(
      `^CREATE WAREHOUSE IF NOT EXISTS ${NAME} WAREHOUSE_SIZE = XSMALL AUTO_SUSPEND = 60 AUTO_RESUME = TRUE INITIALLY_SUSPENDED = TRUE$`,
    ),
    'ACCOUNTADMIN',
    ({ people }, [name = '']) => void people.warehouses.add(one(name)),
  ],
  [
    new RegExp(
      `^CREATE RESOURCE MONITOR IF NOT EXISTS ${NAME} WITH CREDIT_QUOTA = [1-9]\\d* FREQUENCY = MONTHLY START_TIMESTAMP = IMMEDIATELY TRIGGERS ON 80 PERCENT DO NOTIFY ON 100 PERCENT DO SUSPEND$`,
    ),
    'ACCOUNTADMIN',
    ({ people }, [name = '']) => void people.monitors.add(one(name)),
  ],
  [
    new RegExp(`^ALTER WAREHOUSE ${NAME} SET RESOURCE_MONITOR = ${NAME}$`),
    'ACCOUNTADMIN',
    ({ people }, [name = '', monitor = '']) =>
      void [known(people.warehouses, name, 'Warehouse'), known(people.monitors, monitor, 'Resource monitor')],
  ],
  [
    new RegExp(`^GRANT (USAGE) ON WAREHOUSE ${NAME} TO ROLE ${NAME}$`),
    'ACCOUNTADMIN',
    ({ people }, [right = '', name = '', role = '']) =>
      grant(people, [right], known(people.warehouses, name, 'Warehouse'), role),
  ],
  [
    new RegExp(`^CREATE DATABASE IF NOT EXISTS ${NAME}$`),
    'SYSADMIN',
    (_account, [name = '']) => {
      // The one that an empty stand-in has.
      if (one(name) !== 'RAW') throw unknownStatement(`database ${name}`);
    },
  ],
  [
    new RegExp(`^CREATE STORAGE INTEGRATION IF NOT EXISTS ${NAME} (.*)$`),
    'ACCOUNTADMIN',
    ({ people, integrations }, [name = '', rest = '']) => {
      const place = readOptions(rest, STORAGE)['STORAGE_ALLOWED_LOCATIONS'] ?? '';
      const folder = people.buckets.get(unquoteLiteral(place.slice(1, -1)));
      if (folder === undefined) throw noSuchThing(`Bucket ${place}`);
      integrations.set(one(name), folder);
    },
  ],
  [
    new RegExp(`^CREATE NOTIFICATION INTEGRATION IF NOT EXISTS ${NAME} (.*)$`),
    'ACCOUNTADMIN',
    ({ integrations }, [name = '', rest = '']) => {
      readOptions(rest, NOTIFY);
      integrations.set(one(name), '');
    },
  ],
  [
    new RegExp(`^GRANT (USAGE) ON INTEGRATION ${NAME} TO ROLE ${NAME}$`),
    'ACCOUNTADMIN',
    ({ people, integrations }, [right = '', name = '', role = '']) =>
      grant(people, [right], known(integrations, name, 'Integration'), role),
  ],
  [
    new RegExp(`^DESCRIBE INTEGRATION ${NAME}$`),
    'ACCOUNTADMIN',
    ({ integrations }, [name = '']) => void known(integrations, name, 'Integration'),
  ],
  [
    new RegExp(`^GRANT ([A-Z, ]+) ON (?:DATABASE|SCHEMA) ${NAME} TO ROLE ${NAME}$`),
    'SECURITYADMIN',
    ({ people }, [rights = '', name = '', role = '']) =>
      grant(people, rights.split(', '), nameParts(name).join('.'), role),
  ],
];

function grant(people: People, rights: readonly string[], on: string, role: string): void {
  const granted = people.roles.get(known(people.roles, role, 'Role'));
  for (const right of rights) {
    if (!RIGHTS.test(right)) throw unknownStatement(`right ${right}`);
    granted?.add(`${right} ON ${on}`);
  }
}

/** Runs a statement of a set-up; undefined when it is none. */
export function runSetup(account: Account, session: StandInSession, text: string): Rowset | undefined {
  const done = textRowset(['status'], [['Statement executed successfully.']]);
  const role = /^USE ROLE (USERADMIN|SECURITYADMIN|SYSADMIN|ACCOUNTADMIN)$/.exec(text)?.[1];
  if (role !== undefined) {
    if (account.people.roles.has(session.settings.get('ROLE') ?? '')) throw denied(`role ${role}`);
    session.settings.set('ROLE', role);
    return done;
  }
  for (const [form, needed, run] of FORMS) {
    const match = form.exec(text);
    if (match === null) continue;
    if (session.settings.get('ROLE') !== needed) throw denied(`${needed} for ${text}`);
    run(account, match.slice(1));
    return done;
  }
  return undefined;
}

/** Refuses what a role that a set-up made was not granted. `what`: the statement. */
export function requireRight(account: Account, session: StandInSession, text: string): void {
  const granted = account.people.roles.get(session.settings.get('ROLE') ?? '');
  if (granted === undefined) return;
  const match = new RegExp(
    `^CREATE (?:OR REPLACE )?(?:TRANSIENT )?(TABLE|STAGE|PIPE|SCHEMA) (?:IF NOT EXISTS )?${NAME}`,
  ).exec(text);
  if (match === null) return;
  const [, what = '', name = ''] = match;
  const place = nameParts(name).slice(0, -1).join('.');
  const rights = [`CREATE ${what} ON ${place}`, `USAGE ON ${place}`];
  const integration = /STORAGE_INTEGRATION = ("(?:[^"]|"")+")/.exec(text)?.[1];
  if (integration !== undefined) rights.push(`USAGE ON ${one(integration)}`);
  const missing = rights.find((right) => !granted.has(right));
  if (missing !== undefined) throw denied(missing);
}

function denied(what: string): SnowflakeFault {
  return new SnowflakeFault('003001', '42501', `SQL access control error: Insufficient privileges: ${what}`);
}
