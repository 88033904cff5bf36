import { quoteName } from '../../../schema/columns.js';
import { BOOKS_SCHEMA } from './books.js';
import type { Statement } from './statement.js';
import { quoteLiteral, statement } from './statement.js';

/** What a loading account needs, once. */
export interface SetupOptions {
  readonly user: string;
  readonly role: string;
  readonly warehouse: string;
  readonly database: string;
  readonly schema: string;
  /** Base64 of the user's public key (DER), without head and foot. */
  readonly publicKey?: string | undefined;
  readonly monthlyCredits: number;
  readonly stage?:
    | {
        readonly integration: string;
        /** s3://bucket/ */
        readonly url: string;
        /** The role of AWS that Snowflake assumes to read the bucket. */
        readonly awsRoleArn: string;
      }
    | undefined;
  /** Whether loads go through pipes. */
  readonly pipes: boolean;
  /** Where Snowflake says that a pipe failed: an SNS topic, and the role of AWS that Snowflake assumes to publish. */
  readonly notify?:
    | { readonly integration: string; readonly topicArn: string; readonly awsRoleArn: string }
    | undefined;
}

/** A part of the set-up: the role that may run it, and why it is needed. */
export interface SetupPart {
  readonly role: 'SYSADMIN' | 'USERADMIN' | 'SECURITYADMIN' | 'ACCOUNTADMIN';
  readonly why: string;
  readonly statements: readonly Statement[];
}

/** Every statement that an empty account needs before the first load, in order. Each may be run again. */
export function setupAccount(options: SetupOptions): readonly SetupPart[] {
  return [
    whoLoads(options),
    whatComputes(options),
    whereRowsGo(options),
    ...whatIsRead(options),
    whatMayBeDone(options),
  ];
}

/** The line that says which role runs what follows. */
export function useRole(role: SetupPart['role']): Statement {
  return statement([`USE ROLE ${role}`]);
}

function whoLoads({ user, role, warehouse, publicKey }: SetupOptions): SetupPart {
  const key = publicKey === undefined ? '' : `RSA_PUBLIC_KEY = ${quoteLiteral(publicKey)}`;
  return {
    role: 'USERADMIN',
    why: 'a role with least rights, and a user for machines: no password, a key pair',
    statements: [
      statement([`CREATE ROLE IF NOT EXISTS ${quoteName(role)}`]),
      statement([
        `CREATE USER IF NOT EXISTS ${quoteName(user)} TYPE = SERVICE DEFAULT_ROLE = ${quoteName(role)}`,
        `DEFAULT_WAREHOUSE = ${quoteName(warehouse)} ${key}`.trim(),
      ]),
      statement([`GRANT ROLE ${quoteName(role)} TO USER ${quoteName(user)}`]),
    ],
  };
}

function whatComputes({ warehouse, role, monthlyCredits }: SetupOptions): SetupPart {
  const monitor = quoteName(`${warehouse}_MONITOR`);
  return {
    role: 'ACCOUNTADMIN',
    why: 'the smallest warehouse, asleep after a minute, and a ceiling for what it may spend',
    statements: [
      statement([
        `CREATE WAREHOUSE IF NOT EXISTS ${quoteName(warehouse)} WAREHOUSE_SIZE = XSMALL AUTO_SUSPEND = 60`,
        'AUTO_RESUME = TRUE INITIALLY_SUSPENDED = TRUE',
      ]),
      statement([
        `CREATE RESOURCE MONITOR IF NOT EXISTS ${monitor} WITH CREDIT_QUOTA = ${monthlyCredits} FREQUENCY = MONTHLY`,
        'START_TIMESTAMP = IMMEDIATELY TRIGGERS ON 80 PERCENT DO NOTIFY ON 100 PERCENT DO SUSPEND',
      ]),
      statement([`ALTER WAREHOUSE ${quoteName(warehouse)} SET RESOURCE_MONITOR = ${monitor}`]),
      statement([`GRANT USAGE ON WAREHOUSE ${quoteName(warehouse)} TO ROLE ${quoteName(role)}`]),
    ],
  };
}

function whereRowsGo({ database, schema }: SetupOptions): SetupPart {
  const within = (name: string) => `${quoteName(database)}.${quoteName(name)}`;
  return {
    role: 'SYSADMIN',
    why: 'the database, the schema of the tables, and the schema of the books, stages and staging tables',
    statements: [
      statement([`CREATE DATABASE IF NOT EXISTS ${quoteName(database)}`]),
      statement([`CREATE SCHEMA IF NOT EXISTS ${within(schema)}`]),
      statement([`CREATE SCHEMA IF NOT EXISTS ${within(BOOKS_SCHEMA)}`]),
    ],
  };
}

function whatIsRead({ stage, role, notify }: SetupOptions): readonly SetupPart[] {
  const lake = stage && {
    role: 'ACCOUNTADMIN' as const,
    why: 'the way to the lake without keys; DESCRIBE shows the identity that the role of AWS must trust',
    statements: [
      statement([
        `CREATE STORAGE INTEGRATION IF NOT EXISTS ${quoteName(stage.integration)} TYPE = EXTERNAL_STAGE`,
        `STORAGE_PROVIDER = 'S3' ENABLED = TRUE STORAGE_AWS_ROLE_ARN = ${quoteLiteral(stage.awsRoleArn)}`,
        `STORAGE_ALLOWED_LOCATIONS = (${quoteLiteral(stage.url)})`,
      ]),
      statement([`GRANT USAGE ON INTEGRATION ${quoteName(stage.integration)} TO ROLE ${quoteName(role)}`]),
      statement([`DESCRIBE INTEGRATION ${quoteName(stage.integration)}`]),
    ],
  };
  const failures = notify && {
    role: 'ACCOUNTADMIN' as const,
    why: 'where Snowflake says that a pipe failed',
    statements: [
      statement([
        `CREATE NOTIFICATION INTEGRATION IF NOT EXISTS ${quoteName(notify.integration)} ENABLED = TRUE TYPE = QUEUE`,
        `NOTIFICATION_PROVIDER = AWS_SNS DIRECTION = OUTBOUND AWS_SNS_TOPIC_ARN = ${quoteLiteral(notify.topicArn)}`,
        `AWS_SNS_ROLE_ARN = ${quoteLiteral(notify.awsRoleArn)}`,
      ]),
      statement([`GRANT USAGE ON INTEGRATION ${quoteName(notify.integration)} TO ROLE ${quoteName(role)}`]),
    ],
  };
  return [...(lake ? [lake] : []), ...(failures ? [failures] : [])];
}

function whatMayBeDone({ database, schema, role, pipes }: SetupOptions): SetupPart {
  const within = (name: string) => `${quoteName(database)}.${quoteName(name)}`;
  const to = `TO ROLE ${quoteName(role)}`;
  const tables = pipes ? 'USAGE, CREATE TABLE, CREATE PIPE' : 'USAGE, CREATE TABLE';
  return {
    role: 'SECURITYADMIN',
    why: 'the rights of the role: it makes and owns its tables, and sees nothing else',
    statements: [
      statement([`GRANT USAGE ON DATABASE ${quoteName(database)} ${to}`]),
      statement([`GRANT ${tables} ON SCHEMA ${within(schema)} ${to}`]),
      statement([`GRANT USAGE, CREATE TABLE, CREATE STAGE ON SCHEMA ${within(BOOKS_SCHEMA)} ${to}`]),
    ],
  };
}
