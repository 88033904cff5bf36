/**
 * The function that finds what is known of a key by its prefixes: the longest prefix first, what has the same one in the order given.
 * Its cost is that of the different lengths of prefixes, not of how many prefixes there are.
 */
export function openPrefixTable<T>(
  entries: readonly (readonly [prefix: string, value: T])[],
): (key: string) => readonly T[] {
  const byPrefix = new Map<string, T[]>();
  for (const [prefix, value] of entries) {
    const known = byPrefix.get(prefix);
    if (known === undefined) byPrefix.set(prefix, [value]);
    else known.push(value);
  }
  const lengths = [...new Set([...byPrefix.keys()].map(({ length }) => length))].sort((a, b) => b - a);
  return (key) => {
    let found: readonly T[] = [];
    for (const length of lengths) {
      const values = length > key.length ? undefined : byPrefix.get(key.slice(0, length));
      if (values !== undefined) found = found.length === 0 ? values : [...found, ...values];
    }
    return found;
  };
}
