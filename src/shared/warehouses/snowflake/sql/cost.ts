import type { Statement } from './statement.js';
import { quoteLiteral, statement } from './statement.js';

/** What queries of a target took this month, by Snowflake's own account of it: credits, and seconds by kind of statement. */
export function creditsOfMonth(target: string): Statement {
  const tag = `%"target":${JSON.stringify(target)}%`;
  return statement([
    'SELECT COUNT(*) AS "QUERIES", SUM("CREDITS_ATTRIBUTED_COMPUTE") AS "CREDITS"',
    'FROM "SNOWFLAKE"."ACCOUNT_USAGE"."QUERY_ATTRIBUTION_HISTORY"',
    `WHERE "QUERY_TAG" LIKE ${quoteLiteral(tag)} AND "START_TIME" >= DATE_TRUNC('MONTH', CURRENT_TIMESTAMP())`,
  ]);
}

/** What pipes of a database took this month: credits and bytes by pipe. */
export function pipeCreditsOfMonth(database: string): Statement {
  return statement([
    'SELECT "PIPE_NAME", SUM("CREDITS_USED") AS "CREDITS", SUM("BYTES_INSERTED") AS "BYTES"',
    'FROM "SNOWFLAKE"."ACCOUNT_USAGE"."PIPE_USAGE_HISTORY"',
    `WHERE "PIPE_NAME" LIKE ${quoteLiteral(`${database}.%`)}`,
    `AND "START_TIME" >= DATE_TRUNC('MONTH', CURRENT_TIMESTAMP()) GROUP BY 1`,
  ]);
}
