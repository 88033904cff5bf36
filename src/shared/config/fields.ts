import { CronExpressionParser } from 'cron-parser';
import { z } from 'zod';
import { parseDuration, parseSize } from './units.js';

/** A size in bytes: `256MB` is 256,000,000, `1MiB` is 1,048,576. */
export const sizeField = z.union([z.string(), z.number()]).transform((value, context) => {
  const bytes = parseSize(value);
  if (bytes !== undefined && bytes > 0) return bytes;
  context.addIssue({ code: 'custom', message: 'expected a size such as 256MB or 1GiB', input: value });
  return z.NEVER;
});

/** A duration in milliseconds: `500ms`, `60s`, `15m`, `24h`, `7d`. */
export const durationField = z.string().transform((value, context) => {
  const ms = parseDuration(value);
  if (ms !== undefined) return ms;
  context.addIssue({ code: 'custom', message: 'expected a duration such as 500ms, 60s, 15m, 24h or 7d', input: value });
  return z.NEVER;
});

/** A URL of one of the given schemes. */
export function urlField(...schemes: readonly string[]) {
  return z.string().refine((value) => schemes.some((scheme) => value.startsWith(`${scheme}://`)), {
    message: `expected a URL that begins with ${schemes.map((scheme) => `${scheme}://`).join(' or ')}`,
  });
}

/** A name that is safe in job ids, table names and folders. */
export const NAME = /^[A-Za-z][A-Za-z0-9_-]{0,62}$/;
/** What a name is, in words. */
export const NAME_WORDS = 'a name of letters, digits, _ and -, at most 63, beginning with a letter';
export const nameField = z.string().regex(NAME, `expected ${NAME_WORDS}`);

export const portField = z.int().min(0).max(65535);

/** A cron pattern as the queue reads it: five fields, or six with seconds. */
export const cronField = z.string().refine((pattern) => {
  try {
    CronExpressionParser.parse(pattern);
    return true;
  } catch {
    return false;
  }
}, 'expected a cron pattern such as "0 3 * * *"');

/** An IANA time zone. */
export const timezoneField = z.string().refine((name) => {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}, 'expected an IANA time zone such as Europe/Berlin');
