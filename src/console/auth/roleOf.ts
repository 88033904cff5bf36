import type { ConsoleAuth, Role } from '../../shared/config/consoleFields.js';

type OidcAuth = Extract<ConsoleAuth, { type: 'oidc' }>;

/** What somebody may do by the groups and the verified address that are known of them; undefined: not come in. */
export function roleOf(
  known: readonly string[],
  { operators, viewers }: Pick<OidcAuth, 'operators' | 'viewers'>,
): Role | undefined {
  const isOne = (names: readonly string[]) => names.some((name) => known.includes(name));
  if (isOne(operators)) return 'operator';
  return viewers === undefined || isOne(viewers) ? 'viewer' : undefined;
}
