import { isIP } from 'node:net';
import { z } from 'zod';
import { durationField, portField, urlField } from './fields.js';

const NAMED_NETWORKS: readonly string[] = ['loopback', 'linklocal', 'uniquelocal'];

function isNetwork(text: string): boolean {
  const [address = '', bits, ...rest] = text.split('/');
  const family = isIP(address);
  if (family === 0 || rest.length > 0) return NAMED_NETWORKS.includes(text);
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128));
}

const roleField = z
  .enum(['viewer', 'operator'])
  .describe('viewer: may look. operator: may also pause, retry, release, replay and discard.');

const sessionFields = {
  sessionSecret: z
    .string()
    .min(32)
    .optional()
    .describe('Signs the sessions; the same for all consoles behind one address. Left out: a new one at each start.'),
  sessionLasts: durationField.default(28_800_000).describe('After this time people sign in again.'),
  sessionsNotBefore: z.iso
    .datetime({ offset: true })
    .transform((text) => Date.parse(text))
    .optional()
    .describe('Sessions that began before this moment (such as 2026-05-01T12:00:00Z) are called back.'),
  tokens: z
    .array(z.strictObject({ name: z.string().min(1), token: z.string().min(16), role: roleField.default('viewer') }))
    .default([])
    .describe('Bearer tokens of programs.'),
};

const passwordAuth = z.strictObject({
  type: z.literal('password'),
  password: z
    .string()
    .min(8)
    .optional()
    .describe(
      'Of the one user `admin`, an operator. Without it and without users one is made up at the start, and logged.',
    ),
  users: z
    .array(
      z.strictObject({
        name: z.string().min(1),
        passwordHash: z
          .string()
          .regex(/^scrypt:\d+:[0-9a-f]{32}:[0-9a-f]{64}$/, 'expected what `sluice hash-password` prints'),
        role: roleField.default('viewer'),
      }),
    )
    .default([]),
  ...sessionFields,
});

const oidcAuth = z.strictObject({
  type: z.literal('oidc'),
  issuer: urlField('http', 'https').describe('The provider; plain http only on this machine.'),
  clientId: z.string().min(1),
  clientSecret: z.string().min(1),
  scope: z.string().default('openid email profile'),
  groupsClaim: z.string().default('groups').describe('The claim that lists groups.'),
  viewers: z
    .array(z.string())
    .optional()
    .describe('Verified e-mail addresses or groups that may look. Left out: whoever the provider lets in.'),
  operators: z.array(z.string()).default([]).describe('Verified e-mail addresses or groups that may act.'),
  askAgainAfter: durationField
    .default(3_600_000)
    .describe('The provider is asked again after this time whether somebody is still there, and in which groups.'),
  ...sessionFields,
});

/** The console: where it listens, and who may come in. */
export const consoleSchema = z.strictObject({
  host: z.string().default('127.0.0.1').describe('Anything but a loopback address needs auth.'),
  port: portField.default(8081),
  url: urlField('http', 'https')
    .optional()
    .describe('Where people reach it: links in alerts and sign-in lead there. Default: http://host:port.'),
  trustedProxies: z
    .array(
      z
        .string()
        .refine(isNetwork, 'expected an address, a network such as 10.0.0.0/8, or loopback, linklocal, uniquelocal'),
    )
    .optional()
    .describe(
      'Proxies whose X-Forwarded-For tells who asks, for the limit of failed sign-ins. Default: with an https `url` those of private networks (loopback, linklocal, uniquelocal), otherwise none.',
    ),
  auth: z
    .discriminatedUnion('type', [passwordAuth, oidcAuth])
    .optional()
    .describe('Sign-in. Without it the console listens on this machine alone.'),
});

/** Who may come in, and how; durations in ms, moments in ms since 1970. */
export type ConsoleAuth = NonNullable<z.infer<typeof consoleSchema>['auth']>;

export type Role = z.infer<typeof roleField>;
