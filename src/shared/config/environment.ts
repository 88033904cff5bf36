import type { ConfigFault } from './rules.js';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Replaces `${NAME}` and `${NAME:-default}` in every text of a parsed file; a name that is not set is a fault. Pure. */
export function substituteEnvironment(
  value: unknown,
  env: Environment,
  path = '',
): { value: unknown; faults: ConfigFault[] } {
  const faults: ConfigFault[] = [];
  const walk = (inner: unknown, at: string): unknown => {
    if (typeof inner === 'string') return substituteText(inner, env, at, faults);
    if (Array.isArray(inner)) return inner.map((item, index) => walk(item, `${at}[${index}]`));
    if (inner === null || typeof inner !== 'object') return inner;
    return Object.fromEntries(
      Object.entries(inner).map(([key, item]) => [key, walk(item, at === '' ? key : `${at}.${key}`)]),
    );
  };
  return { value: walk(value, path), faults };
}

function substituteText(text: string, env: Environment, path: string, faults: ConfigFault[]): string {
  return text.replaceAll(
    /\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}/g,
    (whole, name: string, fallback: string | undefined) => {
      const found = env[name];
      if (found !== undefined && found !== '') return found;
      if (fallback !== undefined) return fallback;
      faults.push({ path, expected: `the environment variable ${name}`, got: 'not set' });
      return whole;
    },
  );
}
